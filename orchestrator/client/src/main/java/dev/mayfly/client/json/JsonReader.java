package dev.mayfly.client.json;

import dev.mayfly.client.json.JsonValue.JsonArray;
import dev.mayfly.client.json.JsonValue.JsonBoolean;
import dev.mayfly.client.json.JsonValue.JsonNull;
import dev.mayfly.client.json.JsonValue.JsonNumber;
import dev.mayfly.client.json.JsonValue.JsonObject;
import dev.mayfly.client.json.JsonValue.JsonText;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads one JSON document (RFC 8259), strictly: UTF-8 only, no byte order mark, no comments, no
 * repeated member names, no lone surrogates, nothing after the value. The size of the document is
 * the caller's to bound; depth and length of numbers are bounded here.
 */
public final class JsonReader {
  /** Our documents are at most 6 deep; the bound keeps a hostile one from overflowing the stack. */
  public static final int MAX_DEPTH = 64;

  /** Our numbers have at most 19 digits; the bound keeps conversion from being costly. */
  public static final int MAX_NUMBER_LENGTH = 64;

  private final String text;
  private int position;
  private int depth;

  private JsonReader(String text) {
    this.text = text;
  }

  /**
   * Reads a document.
   *
   * @throws MalformedJson when it is not well-formed UTF-8 or JSON, or exceeds a limit
   */
  public static JsonValue read(byte[] utf8) throws MalformedJson {
    try {
      return read(
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(utf8))
              .toString());
    } catch (CharacterCodingException invalid) {
      throw new MalformedJson("not UTF-8");
    }
  }

  /**
   * Reads a document.
   *
   * @throws MalformedJson when it is not well-formed JSON or exceeds a limit
   */
  public static JsonValue read(String text) throws MalformedJson {
    JsonReader reader = new JsonReader(text);
    reader.skipWhitespace();
    JsonValue value = reader.value();
    reader.skipWhitespace();
    if (reader.position < text.length()) {
      throw reader.malformed("something follows the value");
    }
    return value;
  }

  private JsonValue value() throws MalformedJson {
    switch (peek()) {
      case '{':
        return object();
      case '[':
        return array();
      case '"':
        return new JsonText(string());
      case 't':
        return literal("true", new JsonBoolean(true));
      case 'f':
        return literal("false", new JsonBoolean(false));
      case 'n':
        return literal("null", JsonNull.NULL);
      default:
        return number();
    }
  }

  private JsonObject object() throws MalformedJson {
    Map<String, JsonValue> members = new LinkedHashMap<>();
    enter();
    if (peek() == '}') {
      return leave(new JsonObject(members));
    }
    while (true) {
      if (peek() != '"') {
        throw malformed("expected a member name");
      }
      String name = string();
      skipWhitespace();
      expect(':');
      skipWhitespace();
      if (members.put(name, value()) != null) {
        throw malformed("a member name is repeated");
      }
      skipWhitespace();
      if (peek() == '}') {
        return leave(new JsonObject(members));
      }
      expect(',');
      skipWhitespace();
    }
  }

  private JsonArray array() throws MalformedJson {
    List<JsonValue> items = new ArrayList<>();
    enter();
    if (peek() == ']') {
      return leave(new JsonArray(items));
    }
    while (true) {
      items.add(value());
      skipWhitespace();
      if (peek() == ']') {
        return leave(new JsonArray(items));
      }
      expect(',');
      skipWhitespace();
    }
  }

  private void enter() throws MalformedJson {
    depth++;
    if (depth > MAX_DEPTH) {
      throw malformed("nested deeper than " + MAX_DEPTH);
    }
    position++;
    skipWhitespace();
  }

  private <T> T leave(T value) {
    depth--;
    position++;
    return value;
  }

  private String string() throws MalformedJson {
    position++;
    int start = position;
    int end = plainEnd();
    if (charAt(end) == '"') {
      // The common case, and that of every long base64 text: one copy, nothing to unescape.
      position = end + 1;
      return text.substring(start, end);
    }
    StringBuilder unescaped = new StringBuilder(text.length() - start < 64 ? 64 : 256);
    while (true) {
      unescaped.append(text, position, end);
      position = end;
      char character = charAt(position);
      if (character == '"') {
        position++;
        return unescaped.toString();
      }
      position++;
      escape(unescaped);
      end = plainEnd();
    }
  }

  /** Where the run of characters that stand for themselves ends: at a quote or a backslash. */
  private int plainEnd() throws MalformedJson {
    int end = position;
    while (true) {
      char character = charAt(end);
      if (character == '"' || character == '\\') {
        return end;
      }
      if (character < 0x20) {
        throw malformed("a control character in a string");
      }
      if (Character.isSurrogate(character)) {
        if (!Character.isHighSurrogate(character) || !Character.isLowSurrogate(charAt(end + 1))) {
          throw malformed("a lone surrogate in a string");
        }
        end++;
      }
      end++;
    }
  }

  private void escape(StringBuilder into) throws MalformedJson {
    char kind = charAt(position);
    position++;
    switch (kind) {
      case '"', '\\', '/' -> into.append(kind);
      case 'b' -> into.append('\b');
      case 'f' -> into.append('\f');
      case 'n' -> into.append('\n');
      case 'r' -> into.append('\r');
      case 't' -> into.append('\t');
      case 'u' -> unicodeEscape(into);
      default -> throw malformed("an unknown escape in a string");
    }
  }

  private void unicodeEscape(StringBuilder into) throws MalformedJson {
    char first = fourHexDigits();
    into.append(first);
    if (!Character.isSurrogate(first)) {
      return;
    }
    if (Character.isHighSurrogate(first)
        && charAt(position) == '\\'
        && charAt(position + 1) == 'u') {
      position += 2;
      char second = fourHexDigits();
      if (Character.isLowSurrogate(second)) {
        into.append(second);
        return;
      }
    }
    throw malformed("a lone surrogate in a string");
  }

  private char fourHexDigits() throws MalformedJson {
    int value = 0;
    for (int i = 0; i < 4; i++) {
      char character = charAt(position);
      // Character.digit alone would take the digits of other scripts too.
      int digit = character < 0x80 ? Character.digit(character, 16) : -1;
      if (digit < 0) {
        throw malformed("\\u needs four hexadecimal digits");
      }
      value = value * 16 + digit;
      position++;
    }
    return (char) value;
  }

  private JsonNumber number() throws MalformedJson {
    int start = position;
    if (at('-')) {
      position++;
    }
    if (at('0')) {
      position++;
    } else {
      digits("expected a value");
    }
    if (at('.')) {
      position++;
      digits("expected digits after the point");
    }
    if (at('e') || at('E')) {
      position++;
      if (at('+') || at('-')) {
        position++;
      }
      digits("expected digits of the exponent");
    }
    if (position - start > MAX_NUMBER_LENGTH) {
      throw malformed("a number is longer than " + MAX_NUMBER_LENGTH + " characters");
    }
    return new JsonNumber(text.substring(start, position));
  }

  private void digits(String otherwise) throws MalformedJson {
    int start = position;
    while (position < text.length()
        && text.charAt(position) >= '0'
        && text.charAt(position) <= '9') {
      position++;
    }
    if (position == start) {
      throw malformed(otherwise);
    }
  }

  private JsonValue literal(String word, JsonValue value) throws MalformedJson {
    if (!text.startsWith(word, position)) {
      throw malformed("expected a value");
    }
    position += word.length();
    return value;
  }

  private boolean at(char character) {
    return position < text.length() && text.charAt(position) == character;
  }

  private char peek() throws MalformedJson {
    return charAt(position);
  }

  private char charAt(int index) throws MalformedJson {
    if (index >= text.length()) {
      throw new MalformedJson("JSON ends early, at character " + text.length());
    }
    return text.charAt(index);
  }

  private void expect(char character) throws MalformedJson {
    if (peek() != character) {
      throw malformed("expected '" + character + "'");
    }
    position++;
  }

  private void skipWhitespace() {
    while (at(' ') || at('\n') || at('\r') || at('\t')) {
      position++;
    }
  }

  private MalformedJson malformed(String what) {
    return new MalformedJson("not JSON at character " + position + ": " + what);
  }
}
