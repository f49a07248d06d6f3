package dev.mayfly.server.http;

import dev.mayfly.api.rest.Problem;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Collects what is wrong with a request, member by member, and has the checks that many share. */
final class RequestErrors {
  /** More errors than this help nobody. */
  private static final int MAX_ERRORS = 50;

  private static final int MAX_SHOWN_NAME = 40;

  private final List<Problem.FieldError> errors = new ArrayList<>();

  void add(String field, String message) {
    errors.add(new Problem.FieldError(field, message));
  }

  int count() {
    return errors.size();
  }

  /**
   * Returns when nothing was wrong.
   *
   * @throws RefusedRequestException otherwise
   */
  void refuseIfAny() {
    if (!errors.isEmpty()) {
      throw refusal();
    }
  }

  RefusedRequestException refusal() {
    return new RefusedRequestException(
        Problems.invalid(errors.stream().limit(MAX_ERRORS).toList()));
  }

  int within(String field, @Nullable Integer value, int least, int most, int fallback) {
    return value == null
        ? fallback
        : Math.toIntExact(within(field, value.longValue(), (long) least, most, fallback));
  }

  long within(String field, @Nullable Long value, long least, long most, long fallback) {
    if (value == null) {
      return fallback;
    }
    if (value < least || value > most) {
      add(field, "is " + value + ", must be " + least + " to " + most);
    }
    return value;
  }

  /** The constant of that name; the fallback when it is absent or wrong. */
  <E extends Enum<E>> E oneOf(String field, Class<E> type, @Nullable String name, E fallback) {
    if (name == null) {
      return fallback;
    }
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equals(name)) {
        return constant;
      }
    }
    add(
        field,
        "must be one of "
            + Arrays.stream(type.getEnumConstants())
                .map(Enum::name)
                .collect(Collectors.joining(", ")));
    return fallback;
  }

  /** What a guest can take as text: no NUL, no half of a surrogate pair. */
  String text(String field, @Nullable String value) {
    if (value == null) {
      add(field, "is null, must be a text");
      return "";
    }
    if (value.indexOf('\0') >= 0) {
      add(field, "holds a NUL character");
    } else if (!StandardCharsets.UTF_8.newEncoder().canEncode(value)) {
      add(field, "holds half of a surrogate pair, which is no character");
    }
    return value;
  }

  void tooManyBytes(String field, long bytes, int most) {
    if (bytes > most) {
      add(field, "is " + bytes + " bytes of UTF-8, at most " + most + " are taken");
    }
  }

  /** Whether a list or map has more elements than are taken. */
  boolean tooMany(String field, int count, int most, String what) {
    if (count > most) {
      add(field, "has " + count + " " + what + ", at most " + most + " are taken");
    }
    return count > most;
  }

  static int utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  /** A name of the caller's as an error may show it. */
  static String printable(String name) {
    String shown = name.length() > MAX_SHOWN_NAME ? name.substring(0, MAX_SHOWN_NAME) + "…" : name;
    return shown.replaceAll("\\p{C}", "?");
  }
}
