package dev.mayfly.db;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a short command to its end. */
final class Command {
  /** What a person reads of an error message; the rest is read and dropped. */
  private static final int LARGEST_OUTPUT = 16 << 10;

  /** Both output streams as one text. */
  record Result(int exit, String output) {}

  private Command() {}

  /**
   * A builder whose process gets nothing of our environment: there may be secrets in it, and a
   * variable such as PGDATA or LD_PRELOAD would change what runs.
   */
  static ProcessBuilder builder(List<String> arguments) {
    var builder = new ProcessBuilder(arguments);
    builder.environment().clear();
    builder
        .environment()
        .put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    builder.environment().put("LC_ALL", "C");
    return builder;
  }

  /**
   * Runs and waits. The child is killed when the timeout passes.
   *
   * @throws DatabaseException when the command cannot be started or does not end in time
   */
  static Result run(List<String> arguments, Duration timeout) {
    var name = arguments.get(0);
    Process process;
    try {
      process = builder(arguments).redirectErrorStream(true).start();
      process.getOutputStream().close();
    } catch (IOException e) {
      throw new DatabaseException(
          "The program '"
              + name
              + "' cannot be run; it belongs to the Debian packages coreutils and"
              + " util-linux.",
          e);
    }
    var output = new ByteArrayOutputStream();
    var reader =
        Thread.ofPlatform()
            .daemon()
            .name("output of " + name)
            .start(() -> read(process.getInputStream(), output));
    try {
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new DatabaseException(
            "The program '" + name + "' did not end within " + timeout.toSeconds() + " s.");
      }
      reader.join(timeout);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DatabaseException("Interrupted while '" + name + "' ran.", e);
    } finally {
      process.destroyForcibly();
    }
    synchronized (output) {
      return new Result(process.exitValue(), output.toString(StandardCharsets.UTF_8).strip());
    }
  }

  private static void read(InputStream in, ByteArrayOutputStream output) {
    var buffer = new byte[4096];
    try (in) {
      int count;
      while ((count = in.read(buffer)) >= 0) {
        synchronized (output) {
          output.write(buffer, 0, Math.min(count, LARGEST_OUTPUT - output.size()));
        }
      }
    } catch (IOException e) {
      // The pipe of a child that was killed: what came before it is the output.
      return;
    }
  }
}
