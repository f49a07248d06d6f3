package dev.mayfly.worker.core.log;

import dev.mayfly.api.LogStream;

/**
 * What an attempt's log has taken so far.
 *
 * @param bytes of all streams
 * @param limitedBytes of STDOUT and STDERR, which count against the job's limit
 * @param consoleBytes of CONSOLE
 * @param truncated the limit was reached, and the line that says so is in the log
 */
public record LogTotals(long bytes, long limitedBytes, long consoleBytes, boolean truncated) {
  /** Of an empty log. */
  public static final LogTotals NONE = new LogTotals(0, 0, 0, false);

  /** Whether a stream counts against the job's limit. */
  static boolean isLimited(LogStream stream) {
    return stream == LogStream.STDOUT || stream == LogStream.STDERR;
  }

  LogTotals plus(LogStream stream, int length) {
    return new LogTotals(
        bytes + length,
        limitedBytes + (isLimited(stream) ? length : 0),
        consoleBytes + (stream == LogStream.CONSOLE ? length : 0),
        truncated);
  }

  LogTotals asTruncated() {
    return new LogTotals(bytes, limitedBytes, consoleBytes, true);
  }

  /** The further one of two of the same log. */
  public LogTotals orFurther(LogTotals other) {
    return new LogTotals(
        Math.max(bytes, other.bytes),
        Math.max(limitedBytes, other.limitedBytes),
        Math.max(consoleBytes, other.consoleBytes),
        truncated || other.truncated);
  }
}
