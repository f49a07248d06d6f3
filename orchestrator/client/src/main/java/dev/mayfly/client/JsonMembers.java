package dev.mayfly.client;

import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.JsonValue.JsonArray;
import dev.mayfly.client.json.JsonValue.JsonBoolean;
import dev.mayfly.client.json.JsonValue.JsonNumber;
import dev.mayfly.client.json.JsonValue.JsonObject;
import dev.mayfly.client.json.JsonValue.JsonText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Collects the members of an object; a null value leaves the member out. */
final class JsonMembers {
  private final Map<String, JsonValue> members = new LinkedHashMap<>();

  JsonMembers value(String name, @Nullable JsonValue value) {
    if (value != null) {
      members.put(name, value);
    }
    return this;
  }

  JsonMembers text(String name, @Nullable String value) {
    return value(name, value == null ? null : new JsonText(value));
  }

  JsonMembers number(String name, @Nullable Integer value) {
    return value(name, value == null ? null : new JsonNumber(value));
  }

  JsonMembers number(String name, @Nullable Long value) {
    return value(name, value == null ? null : new JsonNumber(value));
  }

  JsonMembers truth(String name, boolean value) {
    return value(name, new JsonBoolean(value));
  }

  JsonMembers texts(String name, @Nullable List<String> values) {
    return values == null ? this : list(name, values, JsonText::new);
  }

  JsonMembers textMap(String name, @Nullable Map<String, String> values) {
    if (values != null) {
      JsonMembers inner = new JsonMembers();
      values.forEach(inner::text);
      value(name, inner.object());
    }
    return this;
  }

  <T> JsonMembers list(String name, List<T> values, Function<T, JsonValue> item) {
    List<JsonValue> items = new ArrayList<>(values.size());
    for (T value : values) {
      items.add(item.apply(value));
    }
    return value(name, new JsonArray(items));
  }

  JsonObject object() {
    return new JsonObject(members);
  }
}
