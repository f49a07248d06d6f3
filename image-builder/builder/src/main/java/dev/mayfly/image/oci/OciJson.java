package dev.mayfly.image.oci;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Takes single members out of documents that other programs wrote. */
final class OciJson {
  /** A member that is there twice could be read in two ways. */
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private OciJson() {}

  static JsonNode parse(String what, byte[] bytes, int limit) throws OciException {
    if (bytes.length > limit) {
      throw OciException.wrong(what + " has more than " + limit + " bytes");
    }
    try {
      return MAPPER.readTree(bytes);
    } catch (JacksonException e) {
      throw OciException.wrong(what + " is not JSON: " + e.getOriginalMessage(), e);
    }
  }

  static JsonNode member(String what, JsonNode node, String name) throws OciException {
    JsonNode member = node.path(name);
    if (member.isMissingNode() || member.isNull()) {
      throw OciException.wrong(what + " has no member " + name);
    }
    return member;
  }

  /** Empty where it is absent or null. */
  static Optional<String> text(String what, JsonNode node, String name) throws OciException {
    JsonNode member = node.path(name);
    if (member.isMissingNode() || member.isNull()) {
      return Optional.empty();
    }
    if (!member.isString()) {
      throw OciException.wrong(what + ": its member " + name + " is not a string");
    }
    return Optional.of(member.stringValue());
  }

  /** Empty where it is absent or null. */
  static List<String> list(String what, JsonNode node, String name) throws OciException {
    JsonNode member = node.path(name);
    if (member.isMissingNode() || member.isNull()) {
      return List.of();
    }
    List<String> values = new ArrayList<>();
    for (JsonNode element : member) {
      if (!element.isString()) {
        throw OciException.wrong(what + ": its member " + name + " is not a list of strings");
      }
      values.add(element.stringValue());
    }
    return values;
  }

  /** Empty where it is absent or null. */
  static Map<String, String> strings(String what, JsonNode node, String name) throws OciException {
    Map<String, String> values = new HashMap<>();
    for (Map.Entry<String, JsonNode> entry : node.path(name).properties()) {
      if (!entry.getValue().isString()) {
        throw OciException.wrong(what + ": its member " + name + " does not hold strings alone");
      }
      values.put(entry.getKey(), entry.getValue().stringValue());
    }
    return values;
  }
}
