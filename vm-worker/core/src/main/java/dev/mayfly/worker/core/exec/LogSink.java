package dev.mayfly.worker.core.exec;

import dev.mayfly.api.LogStream;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.guest.GuestSession.OutputSink;
import dev.mayfly.worker.core.log.ExecOutput;
import java.io.IOException;
import java.util.function.Consumer;

/** Puts the output of one exec into the attempt's log. */
public final class LogSink implements OutputSink {
  private final ExecOutput output;
  private final Consumer<IOException> broken;
  private final LogStream stdout;
  private final long stdoutLimit;
  private final Runnable tooLarge;
  private boolean overLimit;

  /**
   * For a command.
   *
   * @param broken told when the log could not be written; nothing more is taken then
   */
  public LogSink(ExecOutput output, Consumer<IOException> broken) {
    this(output, broken, LogStream.STDOUT, Long.MAX_VALUE, () -> {});
  }

  private LogSink(
      ExecOutput output,
      Consumer<IOException> broken,
      LogStream stdout,
      long stdoutLimit,
      Runnable tooLarge) {
    this.output = output;
    this.broken = broken;
    this.stdout = stdout;
    this.stdoutLimit = stdoutLimit;
    this.tooLarge = tooLarge;
  }

  /**
   * For a download.
   *
   * @param tooLarge told once when its stdout is longer than the limit; the rest is dropped
   */
  static LogSink download(
      ExecOutput output, Consumer<IOException> broken, long limitBytes, Runnable tooLarge) {
    return new LogSink(output, broken, LogStream.FILE, limitBytes, tooLarge);
  }

  /** How much of a stream is in the log: what follows has to come. */
  long safe(GuestStream stream) {
    return output.safe(to(stream));
  }

  @Override
  public long output(GuestStream stream, long offset, byte[] data) throws InterruptedException {
    try {
      long end = offset + data.length;
      if (stream == GuestStream.STDOUT && end > stdoutLimit) {
        if (!overLimit) {
          overLimit = true;
          tooLarge.run();
        }
        return output.drop(stdout, end);
      }
      return output.append(to(stream), offset, data);
    } catch (IOException failure) {
      throw broke(failure);
    }
  }

  @Override
  public void ended(GuestStream stream, long offset) throws InterruptedException {
    try {
      output.end(to(stream));
    } catch (IOException failure) {
      throw broke(failure);
    }
  }

  private InterruptedException broke(IOException failure) {
    broken.accept(failure);
    return new InterruptedException("the log spool could not be written");
  }

  private LogStream to(GuestStream stream) {
    return switch (stream) {
      case STDOUT -> stdout;
      case STDERR -> LogStream.STDERR;
    };
  }
}
