package dev.mayfly.image.tree;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What an extended header says about the entry after it, as POSIX' pax defines it. Texts are bytes,
 * one in each char. What makes no sense is an {@link IllegalArgumentException} whose message says
 * what the entry "has".
 */
final class PaxRecords {
  private static final String ATTRIBUTE = "SCHILY.xattr.";
  private static final String SPARSE = "GNU.sparse.";
  private static final int MAX_DIGITS = 18;
  private static final int NANOS_DIGITS = 9;

  private final Map<String, String> values = new HashMap<>();
  private final SortedMap<String, byte[]> attributes = new TreeMap<>();
  private final List<Long> oldSparse = new ArrayList<>();

  /** Reads {@code length key=value\n} as often as it is there. */
  static PaxRecords parse(byte[] bytes) {
    PaxRecords records = new PaxRecords();
    int at = 0;
    while (at < bytes.length && bytes[at] != 0) {
      int space = indexOf(bytes, ' ', at, Math.min(bytes.length, at + 12));
      long length = number(text(bytes, at, space));
      int end = (int) Math.min(at + length, bytes.length + 1L);
      if (end > bytes.length || end < space + 4 || bytes[end - 1] != '\n') {
        throw new IllegalArgumentException("has an extended header that contradicts itself");
      }
      int equals = indexOf(bytes, '=', space + 1, end);
      records.put(text(bytes, space + 1, equals), text(bytes, equals + 1, end - 1));
      at = end;
    }
    return records;
  }

  private void put(String key, String value) {
    if (key.startsWith(ATTRIBUTE)) {
      attributes.put(
          key.substring(ATTRIBUTE.length()), value.getBytes(StandardCharsets.ISO_8859_1));
    } else if (key.equals("GNU.sparse.offset") || key.equals("GNU.sparse.numbytes")) {
      oldSparse.add(number(value));
    } else {
      values.put(key, value);
    }
  }

  SortedMap<String, byte[]> attributes() {
    return attributes;
  }

  Optional<String> text(String key) {
    return Optional.ofNullable(values.get(key)).filter(value -> !value.isEmpty());
  }

  Optional<Long> number(Key key) {
    return text(key.name).map(PaxRecords::number);
  }

  /** Keys that have a number. */
  enum Key {
    SIZE("size"),
    UID("uid"),
    GID("gid");

    private final String name;

    Key(String name) {
      this.name = name;
    }
  }

  /** Whole seconds, rounded down. */
  Optional<Long> seconds() {
    return text("mtime")
        .map(value -> {
          int dot = value.indexOf('.');
          String whole = dot < 0 ? value : value.substring(0, dot);
          boolean negative = whole.startsWith("-");
          long seconds = number(negative ? whole.substring(1) : whole);
          return negative ? -seconds - (nanos() > 0 ? 1 : 0) : seconds;
        });
  }

  /** Of the time's fraction, which counts upwards from {@link #seconds}. */
  int nanos() {
    String value = text("mtime").orElse("");
    int dot = value.indexOf('.');
    if (dot < 0) {
      return 0;
    }
    String digits = (value.substring(dot + 1) + "000000000").substring(0, NANOS_DIGITS);
    int nanos = (int) number(digits);
    return value.startsWith("-") && nanos > 0 ? 1_000_000_000 - nanos : nanos;
  }

  boolean isSparse() {
    return values.keySet().stream().anyMatch(key -> key.startsWith(SPARSE)) || !oldSparse.isEmpty();
  }

  /** Whether the map of holes precedes the content, as decimal lines. */
  boolean sparseMapIsInContent() {
    return text("GNU.sparse.major").equals(Optional.of("1"))
        && text("GNU.sparse.minor").equals(Optional.of("0"));
  }

  long sparseSize() {
    return text("GNU.sparse.realsize")
        .or(() -> text("GNU.sparse.size"))
        .map(PaxRecords::number)
        .orElseThrow(() -> new IllegalArgumentException("is sparse, but does not say its size"));
  }

  /** Of the two older forms, which have the map here. */
  List<Long> sparseMap() {
    Optional<String> map = text("GNU.sparse.map");
    if (map.isEmpty()) {
      return oldSparse;
    }
    List<Long> numbers = new ArrayList<>();
    for (String part : map.get().split(",", -1)) {
      numbers.add(number(part));
    }
    return numbers;
  }

  static long number(String digits) {
    if (digits.isEmpty()
        || digits.length() > MAX_DIGITS
        || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new IllegalArgumentException("has an extended header with a number that is none");
    }
    return Long.parseLong(digits);
  }

  private static int indexOf(byte[] bytes, char wanted, int from, int to) {
    for (int i = from; i < to; i++) {
      if (bytes[i] == wanted) {
        return i;
      }
    }
    throw new IllegalArgumentException("has an extended header that contradicts itself");
  }

  private static String text(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
  }
}
