package dev.mayfly.it.fleet;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A Java program of ours as a process of its own. Not thread-safe. */
public final class Service {
  private final String name;
  private final List<String> command;
  private final Map<String, String> environment;
  private final Path log;
  private @Nullable Process process;

  /**
   * A service that is not started.
   *
   * @param temporary where the JVM puts its temporary files
   * @param environment the {@code MAYFLY_*} variables, in place of those of this process
   * @param log its output is appended there
   */
  public Service(
      String name,
      String mainClass,
      int heapMib,
      Path temporary,
      Map<String, String> environment,
      Path log) {
    this.name = name;
    this.command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-Xshare:auto",
            "-Xmx" + heapMib + "m",
            "-Djava.io.tmpdir=" + temporary,
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path"),
            mainClass);
    this.environment = new TreeMap<>(environment);
    this.log = log;
  }

  public String name() {
    return name;
  }

  public Path log() {
    return log;
  }

  /** Starts it and returns at once; it must not run. */
  public void start() throws IOException {
    if (alive()) {
      throw new IllegalStateException(name + " runs already");
    }
    // A session of its own: what the terminal sends to us is not for it. Killed with us, so that
    // an interrupted run leaves nothing.
    List<String> whole = new ArrayList<>(List.of("setsid", "setpriv", "--pdeathsig", "TERM"));
    whole.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(whole);
    builder.environment().keySet().removeIf(key -> key.startsWith("MAYFLY_"));
    builder.environment().putAll(environment);
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    process = builder.start();
  }

  public boolean alive() {
    return process != null && process.isAlive();
  }

  /** The end nobody can prepare for; returns when it is gone. */
  public void kill() throws InterruptedException {
    if (process != null) {
      process.destroyForcibly();
      process.waitFor();
    }
  }

  /**
   * Asks it to end and waits.
   *
   * @return false when it did not end in time and was killed
   */
  public boolean stop(Duration patience) throws InterruptedException {
    if (process == null || !process.isAlive()) {
      return true;
    }
    process.destroy();
    if (process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
      return true;
    }
    kill();
    return false;
  }
}
