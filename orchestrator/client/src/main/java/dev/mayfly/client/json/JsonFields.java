package dev.mayfly.client.json;

import dev.mayfly.client.json.JsonValue.JsonArray;
import dev.mayfly.client.json.JsonValue.JsonBoolean;
import dev.mayfly.client.json.JsonValue.JsonNull;
import dev.mayfly.client.json.JsonValue.JsonNumber;
import dev.mayfly.client.json.JsonValue.JsonObject;
import dev.mayfly.client.json.JsonValue.JsonText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The members of one object, taken by name and type; a wrong or missing one is named by its path
 * ({@code shape.cpus}). An absent member and {@code null} are the same. Members nobody asks for are
 * left alone, so that an older client understands a newer server.
 */
public final class JsonFields {
  private final String path;
  private final Map<String, JsonValue> members;

  private JsonFields(String path, Map<String, JsonValue> members) {
    this.path = path;
    this.members = members;
  }

  /** Makes a value of a list's item or of an object. */
  @FunctionalInterface
  public interface Mapping<T> {
    T map(JsonFields fields) throws MalformedJson;
  }

  /** The members of a document that is an object. */
  public static JsonFields of(JsonValue document) throws MalformedJson {
    return of("", document);
  }

  private static JsonFields of(String path, JsonValue value) throws MalformedJson {
    if (value instanceof JsonObject object) {
      return new JsonFields(path, object.members());
    }
    throw new MalformedJson((path.isEmpty() ? "the document" : path) + " is not an object");
  }

  public String text(String name) throws MalformedJson {
    return required(name, optionalText(name));
  }

  public @Nullable String optionalText(String name) throws MalformedJson {
    JsonValue value = member(name);
    return value == null ? null : textOf(pathOf(name), value);
  }

  public int integer(String name) throws MalformedJson {
    return required(name, optionalInteger(name));
  }

  public @Nullable Integer optionalInteger(String name) throws MalformedJson {
    Long value = optionalLong(name);
    if (value == null) {
      return null;
    }
    if (value != value.intValue()) {
      throw new MalformedJson(pathOf(name) + " does not fit in 32 bits");
    }
    return value.intValue();
  }

  public long longNumber(String name) throws MalformedJson {
    return required(name, optionalLong(name));
  }

  public @Nullable Long optionalLong(String name) throws MalformedJson {
    JsonValue value = member(name);
    if (value == null) {
      return null;
    }
    if (value instanceof JsonNumber number) {
      try {
        return number.exactLong();
      } catch (ArithmeticException notWhole) {
        throw new MalformedJson(pathOf(name) + " is not a whole number of 64 bits");
      }
    }
    throw new MalformedJson(pathOf(name) + " is not a number");
  }

  public boolean truth(String name) throws MalformedJson {
    return required(name, optionalTruth(name));
  }

  public @Nullable Boolean optionalTruth(String name) throws MalformedJson {
    JsonValue value = member(name);
    if (value == null) {
      return null;
    }
    if (value instanceof JsonBoolean truth) {
      return truth.value();
    }
    throw new MalformedJson(pathOf(name) + " is not a boolean");
  }

  /** A list of strings. */
  public List<String> texts(String name) throws MalformedJson {
    return required(name, optionalTexts(name));
  }

  public @Nullable List<String> optionalTexts(String name) throws MalformedJson {
    List<JsonValue> values = optionalArray(name);
    if (values == null) {
      return null;
    }
    List<String> texts = new ArrayList<>(values.size());
    for (int i = 0; i < values.size(); i++) {
      texts.add(textOf(pathOf(name) + "[" + i + "]", values.get(i)));
    }
    return texts;
  }

  /** An object whose members are all strings. */
  public @Nullable Map<String, String> optionalTextMap(String name) throws MalformedJson {
    JsonValue value = member(name);
    if (value == null) {
      return null;
    }
    JsonFields fields = of(pathOf(name), value);
    Map<String, String> map = new LinkedHashMap<>();
    for (String key : fields.members.keySet()) {
      map.put(key, fields.text(key));
    }
    return map;
  }

  /** A list of objects. */
  public <T> List<T> list(String name, Mapping<T> mapping) throws MalformedJson {
    return required(name, optionalList(name, mapping));
  }

  public <T> @Nullable List<T> optionalList(String name, Mapping<T> mapping) throws MalformedJson {
    List<JsonValue> values = optionalArray(name);
    if (values == null) {
      return null;
    }
    List<T> items = new ArrayList<>(values.size());
    for (int i = 0; i < values.size(); i++) {
      items.add(mapping.map(of(pathOf(name) + "[" + i + "]", values.get(i))));
    }
    return items;
  }

  /** An object. */
  public <T> T object(String name, Mapping<T> mapping) throws MalformedJson {
    return required(name, optionalObject(name, mapping));
  }

  public <T> @Nullable T optionalObject(String name, Mapping<T> mapping) throws MalformedJson {
    JsonValue value = member(name);
    return value == null ? null : mapping.map(of(pathOf(name), value));
  }

  private @Nullable List<JsonValue> optionalArray(String name) throws MalformedJson {
    JsonValue value = member(name);
    if (value == null) {
      return null;
    }
    if (value instanceof JsonArray array) {
      return array.items();
    }
    throw new MalformedJson(pathOf(name) + " is not an array");
  }

  private @Nullable JsonValue member(String name) {
    JsonValue value = members.get(name);
    return value == JsonNull.NULL ? null : value;
  }

  private <T> T required(String name, @Nullable T value) throws MalformedJson {
    if (value == null) {
      throw new MalformedJson(pathOf(name) + " is missing");
    }
    return value;
  }

  private String pathOf(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  private static String textOf(String path, JsonValue value) throws MalformedJson {
    if (value instanceof JsonText text) {
      return text.value();
    }
    throw new MalformedJson(path + " is not a string");
  }
}
