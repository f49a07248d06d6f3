package dev.mayfly.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Standard output and standard error: a job's bytes unchanged, and our own lines, which begin with
 * {@code mayfly: } on a line of their own. Text is UTF-8 whatever the locale. Safe for use by
 * several threads.
 */
final class Output {
  private static final String PREFIX = "mayfly: ";

  /** How long to let a full pipe rest that somebody made non-blocking. */
  private static final long FULL_PIPE_PAUSE_NANOS = 5_000_000;

  private final WritableByteChannel stdout;
  private final WritableByteChannel stderr;
  private boolean stderrInLine;

  Output(WritableByteChannel stdout, WritableByteChannel stderr) {
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /** Writes bytes of a job to standard output. */
  synchronized void stdout(byte[] bytes) throws OutputClosed {
    write(stdout, bytes);
  }

  /** Writes bytes of a job to standard error. */
  synchronized void stderr(byte[] bytes) throws OutputClosed {
    if (bytes.length > 0) {
      write(stderr, bytes);
      stderrInLine = bytes[bytes.length - 1] != '\n';
    }
  }

  /** Prints our result to standard output. */
  void print(String text) throws OutputClosed {
    stdout(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Prints our text to standard error as it is. */
  synchronized void printError(String text) throws OutputClosed {
    stderr(((stderrInLine ? "\n" : "") + text).getBytes(StandardCharsets.UTF_8));
  }

  /** Says one line to the user on standard error; what the log says for us has our name already. */
  void say(@Nullable String line) throws OutputClosed {
    String text = oneLine(String.valueOf(line));
    printError((text.startsWith(PREFIX) ? "" : PREFIX) + text + "\n");
  }

  /** Says one line where nothing can be done any more about an error stream that is gone. */
  void sayIfPossible(@Nullable String line) {
    try {
      say(line);
    } catch (OutputClosed nobodyListens) {
      return;
    }
  }

  /** One line without control characters: what others sent must not steer the terminal. */
  static String oneLine(String text) {
    StringBuilder line = new StringBuilder(text.length());
    text.strip()
        .codePoints()
        .map(point -> Character.isISOControl(point) ? ' ' : point)
        .forEach(line::appendCodePoint);
    return line.toString();
  }

  private static void write(WritableByteChannel channel, byte[] bytes) throws OutputClosed {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    try {
      while (buffer.hasRemaining()) {
        if (channel.write(buffer) == 0) {
          LockSupport.parkNanos(FULL_PIPE_PAUSE_NANOS);
        }
      }
    } catch (IOException failure) {
      throw new OutputClosed(failure);
    }
  }
}
