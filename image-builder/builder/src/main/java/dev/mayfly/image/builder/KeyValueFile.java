package dev.mayfly.image.builder;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A data file of {@code key: value} lines. Every value is checked against a form, because some of
 * them become arguments of tools; a key nobody asked for is an error.
 */
final class KeyValueFile {
  /** Such a file is two kilobytes; this is a long one. */
  static final int MAX_BYTES = 64 * 1024;

  private final String origin;
  private final Map<String, List<String>> lines = new LinkedHashMap<>();
  private final Set<String> taken = new HashSet<>();

  private KeyValueFile(String origin) {
    this.origin = origin;
  }

  /**
   * @param origin named in errors
   * @param repeatable keys that may stand more than once
   */
  static KeyValueFile parse(String origin, byte[] bytes, Set<String> repeatable)
      throws BuildException {
    KeyValueFile file = new KeyValueFile(origin);
    file.include(bytes, repeatable);
    return file;
  }

  /** Takes further lines as if they stood at the end. */
  void include(byte[] bytes, Set<String> repeatable) throws BuildException {
    if (bytes.length > MAX_BYTES) {
      throw wrong("has more than " + MAX_BYTES + " bytes");
    }
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw wrong("is not UTF-8");
    }
    int number = 0;
    for (String line : text.split("\n", -1)) {
      number++;
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      int colon = line.indexOf(':');
      if (colon < 1) {
        throw wrong("line " + number + " is not \"key: value\"");
      }
      String key = line.substring(0, colon);
      String value = line.substring(colon + 1).strip();
      List<String> values = lines.computeIfAbsent(key, absent -> new ArrayList<>());
      if (!values.isEmpty() && !repeatable.contains(key)) {
        throw wrong("line " + number + " repeats " + key);
      }
      if (value.chars().anyMatch(Character::isISOControl)) {
        throw wrong("line " + number + " holds a control character");
      }
      values.add(value);
    }
  }

  boolean has(String key) {
    return lines.containsKey(key);
  }

  boolean yesOrNo(String key) throws BuildException {
    return switch (raw(key)) {
      case "yes" -> true;
      case "no" -> false;
      default -> throw wrong(key + " is neither yes nor no");
    };
  }

  String one(String key, Pattern form) throws BuildException {
    String value = raw(key);
    if (!form.matcher(value).matches()) {
      throw wrong(key + " is not of the form " + form);
    }
    return value;
  }

  List<String> words(String key, Pattern form) throws BuildException {
    List<String> words = new ArrayList<>();
    for (String value : values(key)) {
      for (String word : value.split(" +")) {
        if (!form.matcher(word).matches()) {
          throw wrong(key + " has \"" + word + "\", not of the form " + form);
        }
        words.add(word);
      }
    }
    return words;
  }

  /** The same, and none where the key is absent. */
  List<String> optionalWords(String key, Pattern form) throws BuildException {
    return has(key) ? words(key, form) : List.of();
  }

  List<String> optionalValues(String key) throws BuildException {
    return has(key) ? values(key) : List.of();
  }

  String raw(String key) throws BuildException {
    return values(key).getFirst();
  }

  List<String> values(String key) throws BuildException {
    taken.add(key);
    List<String> values = lines.get(key);
    if (values == null) {
      throw wrong("lacks the key " + key);
    }
    return values;
  }

  /** Everything was asked for, or the first key that was not is an error. */
  void end() throws BuildException {
    for (String key : lines.keySet()) {
      if (!taken.contains(key)) {
        throw wrong("has an unknown key: " + key);
      }
    }
  }

  BuildException wrong(@Nullable String problem) {
    return new BuildException(origin + " " + problem);
  }
}
