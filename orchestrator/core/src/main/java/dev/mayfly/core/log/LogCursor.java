package dev.mayfly.core.log;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a reader of a log continues: the first byte it has not seen.
 *
 * @param attempt number of the attempt
 * @param sequence of the chunk that holds that byte
 * @param offset of that byte in the chunk
 */
public record LogCursor(int attempt, long sequence, int offset) {

  private static final Pattern FORM = Pattern.compile("(\\d{1,6})-(\\d{1,18})-(\\d{1,5})");

  public LogCursor {
    if (attempt < 1 || sequence < 1 || offset < 0 || offset >= LogChunk.MAX_BYTES) {
      throw new IllegalArgumentException("cursor is out of bounds");
    }
  }

  public static LogCursor startOf(int attempt) {
    return new LogCursor(attempt, 1, 0);
  }

  public static LogCursor after(int attempt, LogChunk chunk) {
    return new LogCursor(attempt, chunk.sequence() + 1, 0);
  }

  /** Reads the text form; empty when it is none of ours. */
  public static Optional<LogCursor> parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new LogCursor(
              Integer.parseInt(matcher.group(1)),
              Long.parseLong(matcher.group(2)),
              Integer.parseInt(matcher.group(3))));
    } catch (IllegalArgumentException outOfBounds) {
      return Optional.empty();
    }
  }

  @Override
  public String toString() {
    return attempt + "-" + sequence + "-" + offset;
  }
}
