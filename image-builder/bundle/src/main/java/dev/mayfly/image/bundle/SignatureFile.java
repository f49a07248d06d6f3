package dev.mayfly.image.bundle;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The signatures of a bundle: {@code signatures.json} beside its manifest. */
final class SignatureFile {
  static final String NAME = "signatures.json";

  private static final int MAX_BYTES = 16 * 1024;

  private SignatureFile() {}

  /** None where there is no such file. */
  static List<BundleSignature> read(Path bundle) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(bundle.resolve(NAME), LinkOption.NOFOLLOW_LINKS)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    } catch (NoSuchFileException none) {
      return List.of();
    }
    return decode(bytes);
  }

  /** Adds them durably; of one key the newer counts. */
  static void add(Path bundle, Collection<BundleSignature> more) throws IOException {
    Map<String, BundleSignature> byKey = new LinkedHashMap<>();
    List<BundleSignature> before = read(bundle);
    before.forEach(signature -> byKey.put(signature.keyId(), signature));
    more.forEach(signature -> byKey.put(signature.keyId(), signature));
    if (byKey.size() > BundleSignature.MAX_PER_BUNDLE) {
      throw new IllegalArgumentException(
          "a bundle may have " + BundleSignature.MAX_PER_BUNDLE + " signatures, not more");
    }
    if (!before.equals(List.copyOf(byKey.values()))) {
      DurableFiles.replace(bundle.resolve(NAME), encode(byKey.values()));
    }
  }

  static byte[] encode(Collection<BundleSignature> signatures) {
    ObjectNode root = StrictJson.newObject();
    ArrayNode list = root.putArray("signatures");
    signatures.forEach(signature ->
        list.addObject().put("keyId", signature.keyId()).put("ed25519", signature.hex()));
    return StrictJson.write(root);
  }

  static List<BundleSignature> decode(byte[] bytes) throws BundleFormatException {
    ObjectNode root = StrictJson.parseObject(NAME, bytes, MAX_BYTES);
    List<BundleSignature> signatures = new ArrayList<>();
    JsonNode list = root.get("signatures");
    if (list == null || !list.isArray() || list.size() > BundleSignature.MAX_PER_BUNDLE) {
      throw new BundleFormatException(
          NAME + ": signatures is not a list of at most " + BundleSignature.MAX_PER_BUNDLE);
    }
    for (JsonNode element : list) {
      if (!(element instanceof ObjectNode object)) {
        throw new BundleFormatException(NAME + ": a signature is not an object");
      }
      StrictJson json = new StrictJson("signatures", object);
      try {
        signatures.add(new BundleSignature(json.string("keyId"), json.string("ed25519")));
      } catch (IllegalArgumentException e) {
        throw new BundleFormatException(NAME + ": " + e.getMessage(), e);
      }
      json.end();
    }
    return List.copyOf(signatures);
  }
}
