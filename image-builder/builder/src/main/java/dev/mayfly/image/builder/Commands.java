package dev.mayfly.image.builder;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs the programs a build is made of: with a fixed environment, because some of them let it show
 * in what they make; with a deadline; and never longer than the build lives. An interrupt asks the
 * program to end, waits for its own clean-up, then kills what is left.
 */
final class Commands {
  /** The slowest is a bootstrap over a slow network. */
  static final Duration DEADLINE = Duration.ofMinutes(30);

  /** mmdebstrap removes its tree before it ends; that takes a second or two. */
  private static final Duration CLEAN_UP = Duration.ofSeconds(20);

  /** A killed process is gone as soon as the kernel lets go of its last system call. */
  private static final Duration KILLING = Duration.ofSeconds(5);

  /** Short beside a clean-up, long beside a look at the process table. */
  private static final Duration STOP_POLL = Duration.ofMillis(50);

  private static final Set<String> SHELLS = Set.of("sh", "dash", "bash");
  private static final Set<String> REMOVERS = Set.of("rm", "find");

  /** Enough to see what a program died of. */
  private static final int LAST_LINES = 200;

  private static final int MAX_LINE = 2_000;

  /** No program's business depends on where the caller stands. */
  private static final File ROOT_DIRECTORY = new File("/");

  private static final Set<String> INHERITED =
      Set.of("HOME", "USER", "LOGNAME", "http_proxy", "https_proxy", "ftp_proxy", "no_proxy");

  private final Map<String, String> environment = new TreeMap<>();
  private final String path;

  Commands(Map<String, String> processEnvironment) {
    this.path = processEnvironment.getOrDefault("PATH", "/usr/bin:/bin") + ":" + Tool.SYSTEM_PATH;
    INHERITED.forEach(name -> {
      String value = processEnvironment.get(name);
      if (value != null) {
        environment.put(name, value);
      }
    });
    environment.put("PATH", path);
    environment.put("LC_ALL", "C.UTF-8");
    environment.put("TZ", "UTC");
  }

  /** Where programs are looked for. */
  String path() {
    return path;
  }

  /**
   * One program to run.
   *
   * @param arguments the program first
   * @param environment beside what every program gets
   * @param input its whole standard input
   */
  record Command(List<String> arguments, Map<String, String> environment, String input) {
    Command {
      arguments = List.copyOf(arguments);
      environment = Map.copyOf(environment);
    }
  }

  /**
   * How a program ended.
   *
   * @param lastLines of its standard error
   */
  record Ended(int exitCode, List<String> lastLines) {}

  /** Takes a program's standard output while it runs. */
  @FunctionalInterface
  interface Output {
    void take(InputStream in) throws IOException, BuildException;
  }

  /**
   * Runs it to its end.
   *
   * @param onLine called for each line of standard error, from another thread
   * @throws BuildException when the program cannot be started or outlives the deadline
   */
  Ended run(Command command, Output output, Consumer<String> onLine)
      throws BuildException, InterruptedException {
    return run(command, output, onLine, DEADLINE);
  }

  /** The same with a deadline of its own. */
  Ended run(Command command, Output output, Consumer<String> onLine, Duration limit)
      throws BuildException, InterruptedException {
    Process process = start(command);
    Deque<String> lastLines = new ArrayDeque<>();
    Thread errors = Thread.ofVirtual().start(() -> readErrors(process, lastLines, onLine));
    Deadline deadline = new Deadline(process, limit);
    Thread watch = Thread.ofVirtual().start(deadline);
    Thread input =
        Thread.ofVirtual()
            .start(() -> feed(process, command.input().getBytes(StandardCharsets.UTF_8)));
    // Reading a pipe does not notice an interrupt, so the reader has its own thread as well.
    OutputReader reader = new OutputReader(process, output);
    Thread outputs = Thread.ofVirtual().start(reader);
    boolean ended = false;
    try {
      int exitCode = process.waitFor();
      outputs.join();
      errors.join(CLEAN_UP);
      ended = true;
      if (deadline.passed) {
        throw new BuildException(
            name(command) + " did not end within " + limit.toMinutes() + " minutes");
      }
      // Before the exit code: a program whose output is not taken fails for that reason.
      reader.rethrow(name(command));
      synchronized (lastLines) {
        return new Ended(exitCode, List.copyOf(lastLines));
      }
    } finally {
      if (!ended) {
        stop(process);
      }
      watch.interrupt();
      input.interrupt();
    }
  }

  /** Runs it, and any end but exit code 0 is an error that shows its last lines. */
  List<String> mustRun(Command command, Output output, Consumer<String> onLine)
      throws BuildException, InterruptedException {
    return mustRun(command, output, onLine, DEADLINE);
  }

  /** The same with a deadline of its own. */
  List<String> mustRun(Command command, Output output, Consumer<String> onLine, Duration limit)
      throws BuildException, InterruptedException {
    Ended ended = run(command, output, onLine, limit);
    if (ended.exitCode() != 0) {
      if (ended.lastLines().stream().anyMatch(BuildSpace::isExhausted)) {
        throw new BuildException(name(command) + " failed: " + BuildSpace.EXHAUSTED);
      }
      throw new BuildException(
          name(command)
              + " failed with exit code "
              + ended.exitCode()
              + ": "
              + String.join(" | ", tail(ended.lastLines(), 5)));
    }
    return ended.lastLines();
  }

  static List<String> tail(List<String> lines, int count) {
    return lines.subList(Math.max(0, lines.size() - count), lines.size());
  }

  private Process start(Command command) throws BuildException {
    List<String> arguments = new ArrayList<>();
    // The death signal follows the forking thread, and a virtual thread's carrier may end early.
    if (Tool.SETPRIV.isPresent(path) && !Thread.currentThread().isVirtual()) {
      arguments.addAll(List.of(Tool.SETPRIV.program(), "--pdeathsig", "TERM", "--"));
    }
    // The caller's mask would show in the modes of what programs make.
    arguments.addAll(List.of("sh", "-c", "umask 022; exec \"$@\"", "sh"));
    arguments.addAll(command.arguments());
    ProcessBuilder builder = new ProcessBuilder(arguments).directory(ROOT_DIRECTORY);
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.environment().putAll(command.environment());
    try {
      return builder.start();
    } catch (IOException e) {
      throw new BuildException(name(command) + " cannot be started: " + e.getMessage(), e);
    }
  }

  private static String name(Command command) {
    return name(Path.of(command.arguments().getFirst()));
  }

  private static String name(Path program) {
    Path last = program.getFileName();
    return last == null ? program.toString() : last.toString();
  }

  private static void feed(Process process, byte[] input) {
    try (OutputStream out = process.getOutputStream()) {
      out.write(input);
    } catch (IOException notReadToItsEnd) {
      // A program that does not read all its input says by its exit code whether that matters.
    }
  }

  private static void readErrors(Process process, Deque<String> last, Consumer<String> onLine) {
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String shortened = line.length() > MAX_LINE ? line.substring(0, MAX_LINE) : line;
        synchronized (last) {
          last.addLast(shortened);
          if (last.size() > LAST_LINES) {
            last.removeFirst();
          }
        }
        onLine.accept(shortened);
      }
    } catch (IOException closedByStop) {
      // The exit code tells the rest.
    }
  }

  /**
   * Asks the program and everything below it, because mmdebstrap waits for its children without
   * telling them; waits for their clean-up; kills what is left, until nothing is.
   */
  private static void stop(Process process) {
    Set<ProcessHandle> all = new LinkedHashSet<>(process.descendants().toList());
    all.add(process.toHandle());
    all.stream().filter(Commands::isToBeAsked).forEach(ProcessHandle::destroy);
    boolean interrupted = false;
    boolean alive = true;
    long deadline = System.nanoTime() + CLEAN_UP.toNanos();
    long lastTry = deadline + KILLING.toNanos();
    while (alive && System.nanoTime() - lastTry < 0) {
      boolean kill = System.nanoTime() - deadline >= 0;
      // Taken before their parents end, for an orphan is nobody's descendant.
      all.addAll(process.descendants().toList());
      List.copyOf(all).forEach(handle -> all.addAll(handle.descendants().toList()));
      alive = false;
      for (ProcessHandle handle : all) {
        alive |= handle.isAlive();
        if (kill) {
          handle.destroyForcibly();
        }
      }
      try {
        Thread.sleep(STOP_POLL);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Not a shell, which ends after its command and then cleans up: so fakeroot ends its daemon. Not
   * what may be a clean-up already: so mmdebstrap removes its tree.
   */
  private static boolean isToBeAsked(ProcessHandle handle) {
    String program = handle.info().command().map(path -> name(Path.of(path))).orElse("");
    String ownName;
    try {
      ownName = Files.readString(Path.of("/proc", Long.toString(handle.pid()), "comm")).strip();
    } catch (IOException hasEnded) {
      return false;
    }
    return !SHELLS.contains(program) && !REMOVERS.contains(ownName);
  }

  private static final class Deadline implements Runnable {
    private final Process process;
    private final Duration limit;
    private volatile boolean passed;

    Deadline(Process process, Duration limit) {
      this.process = process;
      this.limit = limit;
    }

    @Override
    public void run() {
      try {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
          passed = true;
          stop(process);
        }
      } catch (InterruptedException endedInTime) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static final class OutputReader implements Runnable {
    private final Process process;
    private final Output output;
    private volatile @Nullable Exception failure;

    OutputReader(Process process, Output output) {
      this.process = process;
      this.output = output;
    }

    @Override
    public void run() {
      try (InputStream in = process.getInputStream()) {
        output.take(in);
        in.skip(Long.MAX_VALUE);
      } catch (IOException | BuildException e) {
        failure = e;
      }
    }

    void rethrow(String name) throws BuildException {
      switch (failure) {
        case null -> {}
        case BuildException e -> throw e;
        case Exception e ->
            throw new BuildException(
                "the output of "
                    + name
                    + " was not taken: "
                    + BuildSpace.explain(String.valueOf(e.getMessage())),
                e);
      }
    }
  }
}
