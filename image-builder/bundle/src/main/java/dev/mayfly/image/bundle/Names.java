package dev.mayfly.image.bundle;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The codec of {@code names.json}: image name to digest, on this host. */
final class Names {
  static final String FILE = "names.json";

  /** A thousand images at about 100 bytes each, ten times over. */
  static final int MAX_BYTES = 1 << 20;

  private static final Pattern IMAGE_NAME = Pattern.compile("[a-z0-9][A-Za-z0-9._:/-]{0,254}");

  private Names() {}

  static void requireImageName(String member, String name) {
    if (!IMAGE_NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(member + " is not an image name such as debian:12");
    }
  }

  static byte[] encode(SortedMap<String, Sha256> names) {
    ObjectNode root = StrictJson.newObject();
    names.forEach((name, digest) -> root.put(name, digest.toString()));
    return StrictJson.write(root);
  }

  static SortedMap<String, Sha256> decode(byte[] bytes) throws BundleFormatException {
    SortedMap<String, Sha256> names = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry :
        StrictJson.parseObject(FILE, bytes, MAX_BYTES).properties()) {
      String name = entry.getKey();
      if (!entry.getValue().isString()) {
        throw new BundleFormatException(FILE + ": " + name + " is not a string");
      }
      try {
        requireImageName("a member", name);
        names.put(name, Sha256.parse(entry.getValue().stringValue()));
      } catch (IllegalArgumentException e) {
        throw new BundleFormatException(FILE + ": " + name + ": " + e.getMessage(), e);
      }
    }
    return names;
  }
}
