package dev.mayfly.worker.daemon.builds;

import dev.mayfly.worker.linux.ProcessGroup;
import dev.mayfly.worker.linux.ProcessIdentity;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The image builder as a process of its own: niced, in its own session, with nothing of the
 * worker's environment but what names the way to the network and to registries, and a umask that
 * closes its files to others. It ends with the worker: the kernel asks it to when the thread that
 * started it ends; {@link #run} must be called by a platform thread that outlives it. One at a
 * time.
 */
final class BuilderProgram {
  private static final Logger log = LoggerFactory.getLogger(BuilderProgram.class);

  /** As the builder itself needs for its clean-up, and some. */
  private static final Duration STOP_LIMIT = Duration.ofSeconds(45);

  private static final Duration STOP_LOOK = Duration.ofMillis(200);
  private static final int MAX_LINE_BYTES = 8192;
  private static final int MAX_LINES = 100_000;
  private static final int LAST_WORDS = 1500;

  /** No token and no other secret of the worker is among these. */
  private static final Set<String> INHERITED =
      Set.of(
          "PATH",
          "HOME",
          "USER",
          "LOGNAME",
          "http_proxy",
          "https_proxy",
          "ftp_proxy",
          "no_proxy",
          "HTTP_PROXY",
          "HTTPS_PROXY",
          "NO_PROXY",
          "DOCKER_CONFIG",
          "REGISTRY_AUTH_FILE",
          "JAVA_HOME");

  private final List<String> command;
  private final Path directory;
  private final Map<String, String> environment;

  /**
   * @param command the builder's program and its first arguments
   * @param directory its state directory
   * @param environment of the worker
   */
  BuilderProgram(List<String> command, Path directory, Map<String, String> environment) {
    this.command = List.copyOf(command);
    this.directory = directory;
    this.environment = Map.copyOf(environment);
  }

  /**
   * How it ended.
   *
   * @param lastWords of its standard error
   */
  record Ended(int exitCode, String lastWords, boolean timedOut) {}

  /**
   * Runs it to its end; an interrupt asks it to end, waits for its clean-up, and kills what is
   * left.
   *
   * @param onLine gets each line of standard output, by another thread
   */
  Ended run(List<String> arguments, Duration limit, Consumer<String> onLine)
      throws IOException, InterruptedException {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException("the builder must be started by a platform thread");
    }
    Files.createDirectories(directory.resolve("tmp"));
    var process = start(arguments);
    var lastWords = new LastWords();
    var errors = Thread.ofVirtual().start(() -> lines(process.getErrorStream(), lastWords::add));
    var output = Thread.ofVirtual().start(() -> lines(process.getInputStream(), onLine));
    boolean over = false;
    try {
      remember(process);
      over = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
      boolean timedOut = !over;
      if (timedOut) {
        stop(process);
        over = true;
      }
      output.join(STOP_LIMIT);
      errors.join(STOP_LIMIT);
      return new Ended(process.waitFor(), lastWords.text(), timedOut);
    } finally {
      if (!over) {
        stop(process);
      }
      Files.deleteIfExists(processFile());
    }
  }

  private Process start(List<String> arguments) throws IOException {
    List<String> whole =
        new ArrayList<>(List.of("setsid", "nice", "-n", "10", "setpriv", "--pdeathsig", "TERM"));
    whole.addAll(List.of("sh", "-c", "umask 077; exec \"$@\"", "sh"));
    whole.addAll(command);
    whole.addAll(arguments);
    var builder =
        new ProcessBuilder(whole)
            .directory(directory.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.environment().clear();
    INHERITED.forEach(name -> {
      var value = environment.get(name);
      if (value != null) {
        builder.environment().put(name, value);
      }
    });
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().put("TMPDIR", directory.resolve("tmp").toString());
    builder.environment().put("MAYFLY_HOME", directory.toString());
    return builder.start();
  }

  /** So that the next worker finds it, should this one be killed and it not end. */
  private void remember(Process process) throws IOException {
    var identity = ProcessIdentity.of(process.pid());
    if (identity.isPresent()) {
      Files.writeString(
          processFile(), identity.get().pid() + " " + identity.get().startTicks() + "\n");
    }
  }

  /** Ends a builder that an earlier worker process has left, and removes what it worked in. */
  void removeLeftovers() throws IOException {
    var file = processFile();
    if (Files.exists(file)) {
      parse(Files.readString(file).strip())
          .filter(ProcessIdentity::isAlive)
          .ifPresent(identity -> {
            log.atWarn()
                .addKeyValue("pid", identity.pid())
                .log("Image builder of an earlier run was ended");
            ProcessGroup.kill(identity.pid());
          });
      Files.deleteIfExists(file);
    }
    deleteTree(directory.resolve("tmp"));
  }

  private static Optional<ProcessIdentity> parse(String text) {
    var words = text.split(" ", 2);
    try {
      return words.length == 2
          ? Optional.of(new ProcessIdentity(Long.parseLong(words[0]), Long.parseLong(words[1])))
          : Optional.empty();
    } catch (NumberFormatException halfWritten) {
      return Optional.empty();
    }
  }

  private Path processFile() {
    return directory.resolve("process");
  }

  private static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    try (var paths = Files.walk(root)) {
      for (var path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  /** Asks the builder, which ends what it has started; then kills its whole session. */
  private static void stop(Process process) {
    process.destroy();
    boolean interrupted = false;
    long until = System.nanoTime() + STOP_LIMIT.toNanos();
    while (process.isAlive() && System.nanoTime() - until < 0) {
      try {
        process.waitFor(STOP_LOOK.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException again) {
        interrupted = true;
      }
    }
    ProcessGroup.kill(process.pid());
    process.destroyForcibly();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Of a stream that never blocks its writer: what is too long is cut, what is too much dropped.
   */
  private static void lines(InputStream stream, Consumer<String> take) {
    var line = new ByteArrayOutputStream();
    int taken = 0;
    try (var in = new BufferedInputStream(stream)) {
      for (int next = in.read(); next >= 0; next = in.read()) {
        if (next == '\n') {
          if (taken++ < MAX_LINES) {
            take.accept(line.toString(StandardCharsets.UTF_8));
          }
          line.reset();
        } else if (line.size() < MAX_LINE_BYTES) {
          line.write(next);
        }
      }
    } catch (IOException ended) {
      // The exit code says the rest.
    }
  }

  private static final class LastWords {
    private final StringBuilder text = new StringBuilder();

    synchronized void add(String line) {
      text.append(line).append('\n');
      if (text.length() > LAST_WORDS) {
        text.delete(0, text.length() - LAST_WORDS);
      }
    }

    synchronized String text() {
      return text.toString().strip();
    }
  }
}
