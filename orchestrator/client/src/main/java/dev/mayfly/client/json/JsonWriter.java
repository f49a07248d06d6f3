package dev.mayfly.client.json;

import dev.mayfly.client.json.JsonValue.JsonArray;
import dev.mayfly.client.json.JsonValue.JsonBoolean;
import dev.mayfly.client.json.JsonValue.JsonNull;
import dev.mayfly.client.json.JsonValue.JsonNumber;
import dev.mayfly.client.json.JsonValue.JsonObject;
import dev.mayfly.client.json.JsonValue.JsonText;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Writes JSON on one line, in ASCII and UTF-8, as {@link JsonReader} reads it back. */
public final class JsonWriter {
  private final StringBuilder into = new StringBuilder();

  private JsonWriter() {}

  /**
   * The document as text.
   *
   * @throws IllegalArgumentException when a string holds a lone surrogate, which JSON in UTF-8
   *     cannot carry
   */
  public static String write(JsonValue value) {
    JsonWriter writer = new JsonWriter();
    writer.append(value);
    return writer.into.toString();
  }

  /**
   * The document as UTF-8.
   *
   * @throws IllegalArgumentException as {@link #write}
   */
  public static byte[] writeUtf8(JsonValue value) {
    return write(value).getBytes(StandardCharsets.UTF_8);
  }

  private void append(JsonValue value) {
    if (value instanceof JsonObject object) {
      into.append('{');
      boolean first = true;
      for (Map.Entry<String, JsonValue> member : object.members().entrySet()) {
        if (!first) {
          into.append(',');
        }
        first = false;
        append(member.getKey());
        into.append(':');
        append(member.getValue());
      }
      into.append('}');
    } else if (value instanceof JsonArray array) {
      into.append('[');
      for (int i = 0; i < array.items().size(); i++) {
        if (i > 0) {
          into.append(',');
        }
        append(array.items().get(i));
      }
      into.append(']');
    } else if (value instanceof JsonText text) {
      append(text.value());
    } else if (value instanceof JsonNumber number) {
      into.append(number.literal());
    } else if (value instanceof JsonBoolean truth) {
      into.append(truth.value());
    } else if (value == JsonNull.NULL) {
      into.append("null");
    } else {
      throw new IllegalStateException("a JSON value of no kind");
    }
  }

  private void append(String text) {
    into.append('"');
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      switch (character) {
        case '"' -> into.append("\\\"");
        case '\\' -> into.append("\\\\");
        case '\n' -> into.append("\\n");
        case '\r' -> into.append("\\r");
        case '\t' -> into.append("\\t");
        default -> i = appendCharacter(text, i, character);
      }
    }
    into.append('"');
  }

  private int appendCharacter(String text, int index, char character) {
    if (character < 0x20 || character == 0x7f) {
      into.append(String.format("\\u%04x", (int) character));
    } else if (!Character.isSurrogate(character)) {
      into.append(character);
    } else if (Character.isHighSurrogate(character)
        && index + 1 < text.length()
        && Character.isLowSurrogate(text.charAt(index + 1))) {
      into.append(character).append(text.charAt(index + 1));
      return index + 1;
    } else {
      throw new IllegalArgumentException("text holds a lone surrogate and cannot be sent as JSON");
    }
    return index;
  }
}
