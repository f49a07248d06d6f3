package dev.mayfly.image.bundle;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Reads one JSON object member by member; whatever was not asked for is an error. */
final class StrictJson {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final String path;
  private final ObjectNode object;
  private final Set<String> taken = new HashSet<>();

  StrictJson(String path, ObjectNode object) {
    this.path = path;
    this.object = object;
  }

  static ObjectNode newObject() {
    return MAPPER.createObjectNode();
  }

  static byte[] write(ObjectNode root) {
    return MAPPER.writeValueAsBytes(root);
  }

  static ObjectNode parseObject(String what, byte[] bytes, int limit) throws BundleFormatException {
    if (bytes.length > limit) {
      throw new BundleFormatException(
          what + " has " + bytes.length + " bytes, more than the " + limit + " allowed");
    }
    JsonNode root;
    try {
      root = MAPPER.readTree(bytes);
    } catch (JacksonException e) {
      throw new BundleFormatException(what + " is not JSON: " + e.getOriginalMessage(), e);
    }
    if (root instanceof ObjectNode object) {
      return object;
    }
    throw new BundleFormatException(what + " is not a JSON object");
  }

  StrictJson object(String member) throws BundleFormatException {
    if (take(member) instanceof ObjectNode child) {
      return new StrictJson(at(member), child);
    }
    throw wrong(member, "is not an object");
  }

  @Nullable StrictJson optionalObject(String member) throws BundleFormatException {
    return object.has(member) ? object(member) : null;
  }

  String string(String member) throws BundleFormatException {
    JsonNode node = take(member);
    if (!node.isString()) {
      throw wrong(member, "is not a string");
    }
    return node.stringValue();
  }

  long integer(String member, long maximum) throws BundleFormatException {
    return integer(member, 1, maximum);
  }

  long integer(String member, long minimum, long maximum) throws BundleFormatException {
    JsonNode node = take(member);
    if (!node.isIntegralNumber() || !node.canConvertToLong()) {
      throw wrong(member, "is not an integer");
    }
    long value = node.longValue();
    if (value < minimum || value > maximum) {
      throw wrong(member, "is not between " + minimum + " and " + maximum);
    }
    return value;
  }

  boolean bool(String member) throws BundleFormatException {
    JsonNode node = take(member);
    if (!node.isBoolean()) {
      throw wrong(member, "is not true or false");
    }
    return node.booleanValue();
  }

  List<String> strings(String member) throws BundleFormatException {
    JsonNode node = take(member);
    if (!node.isArray()) {
      throw wrong(member, "is not a list");
    }
    List<String> values = new ArrayList<>();
    for (JsonNode element : node) {
      if (!element.isString()) {
        throw wrong(member + "[" + values.size() + "]", "is not a string");
      }
      values.add(element.stringValue());
    }
    return values;
  }

  Sha256 sha256(String member) throws BundleFormatException {
    try {
      return new Sha256(string(member));
    } catch (IllegalArgumentException e) {
      throw new BundleFormatException(at(member) + ": " + e.getMessage(), e);
    }
  }

  /** Of the form {@code sha256:} and 64 digits. */
  Sha256 digest(String member) throws BundleFormatException {
    try {
      return Sha256.parse(string(member));
    } catch (IllegalArgumentException e) {
      throw new BundleFormatException(at(member) + ": " + e.getMessage(), e);
    }
  }

  /** Everything was asked for, or the first member that was not is an error. */
  void end() throws BundleFormatException {
    for (String member : object.propertyNames()) {
      if (!taken.contains(member)) {
        throw wrong(member, "is not a known member");
      }
    }
  }

  String at(String member) {
    return path.isEmpty() ? member : path + "." + member;
  }

  BundleFormatException wrong(String member, String problem) {
    return new BundleFormatException("manifest member " + at(member) + " " + problem);
  }

  private JsonNode take(String member) throws BundleFormatException {
    taken.add(member);
    JsonNode node = object.get(member);
    if (node == null || node.isNull()) {
      throw wrong(member, "is missing");
    }
    return node;
  }
}
