package dev.mayfly.client.json;

import java.math.BigDecimal;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A JSON value (RFC 8259). Immutable; members keep their order. */
public sealed interface JsonValue {

  /** An object; names are unique. */
  record JsonObject(Map<String, JsonValue> members) implements JsonValue {
    public JsonObject {
      members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
    }
  }

  /** An array. */
  record JsonArray(List<JsonValue> items) implements JsonValue {
    public JsonArray {
      items = List.copyOf(items);
    }
  }

  /** A string, without lone surrogates when it was read. */
  record JsonText(String value) implements JsonValue {}

  /**
   * A number, kept as it was written, so that nothing is rounded.
   *
   * @param literal in the grammar of RFC 8259, at most {@value JsonReader#MAX_NUMBER_LENGTH}
   *     characters when it was read
   */
  record JsonNumber(String literal) implements JsonValue {

    public JsonNumber(long value) {
      this(Long.toString(value));
    }

    /**
     * The number as a {@code long}.
     *
     * @throws ArithmeticException when it has a fraction or does not fit
     */
    public long exactLong() {
      BigDecimal value;
      try {
        value = new BigDecimal(literal);
      } catch (NumberFormatException exponentTooLarge) {
        throw new ArithmeticException("does not fit in 64 bits");
      }
      // Without this check 1e999999999 would be expanded into a billion digits.
      if (value.precision() - (long) value.scale() > MAX_LONG_DIGITS) {
        throw new ArithmeticException("does not fit in 64 bits");
      }
      return value.longValueExact();
    }

    private static final int MAX_LONG_DIGITS = 19;
  }

  /** true or false. */
  record JsonBoolean(boolean value) implements JsonValue {}

  /** null. */
  enum JsonNull implements JsonValue {
    NULL
  }
}
