package dev.mayfly.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads server-sent events (WHATWG HTML, section 9.2) from bytes as they come. An event whose end
 * has not arrived is never handed out. Memory is bounded by {@value #MAX_EVENT_BYTES} bytes.
 */
final class ServerSentEvents {
  /**
   * A log chunk is at most 64 KiB, 88 KiB in base64; a job's view holds a command of at most 256
   * KiB, escaped.
   */
  static final int MAX_EVENT_BYTES = 4 * 1024 * 1024;

  private static final int FIRST_LINE_BYTES = 1024;

  private final InputStream in;
  private final byte[] buffer = new byte[64 * 1024];
  private int position;
  private int end;
  private byte[] line = new byte[FIRST_LINE_BYTES];
  private int lineLength;
  private boolean skipLineFeed;
  private long lines;

  ServerSentEvents(InputStream in) {
    this.in = in;
  }

  /** An event; {@code id} is null when the event had none. */
  record Event(String type, @Nullable String id, String data) {}

  /** How many lines came so far, comments and unfinished events included: a sign of life. */
  long lines() {
    return lines;
  }

  /**
   * The next event, or null when the stream ended.
   *
   * @throws IOException when the stream breaks or an event is too large
   */
  @Nullable Event next() throws IOException {
    String type = "message";
    String id = null;
    StringBuilder data = new StringBuilder();
    boolean anyData = false;
    int size = 0;
    while (readLine()) {
      if (lineLength == 0) {
        if (anyData) {
          return new Event(type, id, data.toString());
        }
        // Without data it is no event, and what was collected is void.
        type = "message";
        id = null;
        size = 0;
        continue;
      }
      size += lineLength;
      if (size > MAX_EVENT_BYTES) {
        throw tooLarge();
      }
      if (line[0] == ':') {
        size -= lineLength;
        continue;
      }
      int colon = indexOfColon();
      String name = text(0, colon);
      int valueStart = Math.min(colon + 1, lineLength);
      if (valueStart < lineLength && line[valueStart] == ' ') {
        valueStart++;
      }
      switch (name) {
        case "data" -> {
          if (anyData) {
            data.append('\n');
          }
          data.append(text(valueStart, lineLength));
          anyData = true;
        }
        case "event" -> type = text(valueStart, lineLength);
        case "id" -> id = text(valueStart, lineLength);
        default -> {
          // retry and unknown fields: the pauses are ours to choose
        }
      }
    }
    return null;
  }

  private int indexOfColon() {
    for (int i = 0; i < lineLength; i++) {
      if (line[i] == ':') {
        return i;
      }
    }
    return lineLength;
  }

  private String text(int from, int to) {
    return new String(line, from, to - from, StandardCharsets.UTF_8);
  }

  /** Reads a line that ends with LF, CR or CR LF; false when the stream ended before its end. */
  private boolean readLine() throws IOException {
    lineLength = 0;
    while (true) {
      if (position == end && !fill()) {
        return false;
      }
      if (skipLineFeed) {
        skipLineFeed = false;
        if (buffer[position] == '\n') {
          position++;
          continue;
        }
      }
      int from = position;
      while (position < end && buffer[position] != '\n' && buffer[position] != '\r') {
        position++;
      }
      append(from, position);
      if (position < end) {
        skipLineFeed = buffer[position] == '\r';
        position++;
        lines++;
        return true;
      }
    }
  }

  private boolean fill() throws IOException {
    int count = in.read(buffer);
    position = 0;
    end = Math.max(count, 0);
    return count > 0;
  }

  private void append(int from, int to) throws IOException {
    int needed = lineLength + (to - from);
    if (needed > MAX_EVENT_BYTES) {
      throw tooLarge();
    }
    if (needed > line.length) {
      line = Arrays.copyOf(line, Math.max(needed, Math.min(line.length * 2, MAX_EVENT_BYTES)));
    }
    System.arraycopy(buffer, from, line, lineLength, to - from);
    lineLength = needed;
  }

  private static UnexpectedAnswer tooLarge() {
    return new UnexpectedAnswer(
        "the orchestrator sent an event of more than " + MAX_EVENT_BYTES + " bytes", null);
  }
}
