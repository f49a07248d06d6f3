package dev.mayfly.cli;

import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.JsonValue.JsonArray;
import dev.mayfly.client.json.JsonWriter;
import java.util.List;
import java.util.function.Function;

/** Lists as JSON for other programs. */
final class JsonLists {
  private JsonLists() {}

  /** A JSON array on a line of its own. */
  static <T> String of(List<T> items, Function<T, JsonValue> item) {
    return JsonWriter.write(new JsonArray(items.stream().map(item).toList())) + "\n";
  }
}
