package dev.mayfly.worker.daemon.journal;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Lines {@code key=value} under a line that names the format and above one with the CRC-32C of all
 * before it, so that a file which is cut off or damaged is noticed.
 */
final class JournalText {
  private static final String FIRST_LINE = "mayfly-journal 1";
  private static final String CHECKSUM = "crc32c";

  private final Map<String, String> values = new LinkedHashMap<>();

  /**
   * Reads a text.
   *
   * @throws IllegalArgumentException when it is not whole
   */
  static JournalText parse(String text) {
    int end = text.lastIndexOf(CHECKSUM + "=");
    if (!text.startsWith(FIRST_LINE + "\n") || end < 0) {
      throw new IllegalArgumentException("it is not a whole journal of this version");
    }
    var body = text.substring(0, end);
    if (!text.substring(end).equals(CHECKSUM + "=" + checksum(body) + "\n")) {
      throw new IllegalArgumentException("its checksum does not fit");
    }
    var parsed = new JournalText();
    body.lines()
        .skip(1)
        .forEach(line -> {
          int equals = line.indexOf('=');
          if (equals < 1) {
            throw new IllegalArgumentException("a line has no key");
          }
          parsed.put(line.substring(0, equals), decode(line.substring(equals + 1)));
        });
    return parsed;
  }

  void put(String key, Object value) {
    values.put(key, value.toString());
  }

  Optional<String> find(String key) {
    return Optional.ofNullable(values.get(key));
  }

  String get(String key) {
    return find(key).orElseThrow(() -> new IllegalArgumentException(key + " is missing"));
  }

  long number(String key) {
    return Long.parseLong(get(key));
  }

  /** Keys that begin so, in their order, without that beginning. */
  List<String> keysOf(String prefix) {
    return values.keySet().stream()
        .filter(key -> key.startsWith(prefix))
        .map(key -> key.substring(prefix.length()))
        .toList();
  }

  @Override
  public String toString() {
    var body = new StringBuilder(FIRST_LINE).append('\n');
    values.forEach((key, value) -> body.append(key).append('=').append(encode(value)).append('\n'));
    return body + CHECKSUM + "=" + checksum(body.toString()) + "\n";
  }

  /** So that a value is one word of one line. */
  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  private static String checksum(String body) {
    var crc = new CRC32C();
    crc.update(body.getBytes(StandardCharsets.UTF_8));
    return Long.toHexString(crc.getValue());
  }
}
