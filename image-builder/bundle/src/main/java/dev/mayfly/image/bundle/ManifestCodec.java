package dev.mayfly.image.bundle;

import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.BundleManifest.Initramfs;
import dev.mayfly.image.bundle.BundleManifest.Kernel;
import dev.mayfly.image.bundle.BundleManifest.Provenance;
import dev.mayfly.image.bundle.BundleManifest.Rootfs;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Canonical JSON: one manifest has exactly one sequence of bytes, so that its digest can be its
 * name. Reading refuses every other sequence.
 */
final class ManifestCodec {
  private static final String WHAT = BundleManifest.FILE;

  private ManifestCodec() {}

  static byte[] encode(BundleManifest manifest) {
    ObjectNode root = StrictJson.newObject();
    root.put("schema", BundleManifest.SCHEMA);
    root.put("name", manifest.name());
    root.put("architecture", manifest.architecture());
    Kernel kernel = manifest.kernel();
    ObjectNode kernelNode = putFile(root, "kernel", kernel.file());
    kernelNode.put("release", kernel.release());
    kernelNode.put("flavour", kernel.flavour());
    kernelNode.put("needsAcpi", kernel.needsAcpi());
    Initramfs initramfs = manifest.initramfs();
    ObjectNode initramfsNode = putFile(root, "initramfs", initramfs.file());
    initramfsNode.put("agentVersion", initramfs.agentVersion());
    initramfsNode.put("protocolVersion", initramfs.protocolVersion());
    manifest
        .rootfs()
        .ifPresent(rootfs ->
            putFile(root, "rootfs", rootfs.file()).put("fileSystem", rootfs.fileSystem()));
    Defaults defaults = manifest.defaults();
    ObjectNode defaultsNode = root.putObject("defaults");
    putStrings(defaultsNode, "environment", defaults.environment());
    defaultsNode.put("user", defaults.user());
    defaultsNode.put("workingDirectory", defaults.workingDirectory());
    Provenance provenance = manifest.provenance();
    ObjectNode provenanceNode = root.putObject("provenance");
    provenanceNode.put("recipe", provenance.recipe());
    provenanceNode.put("recipeSha256", provenance.recipeSha256().hex());
    provenanceNode.put("builderVersion", provenance.builderVersion());
    putStrings(provenanceNode, "sources", provenance.sources());
    byte[] bytes = StrictJson.write(root);
    if (bytes.length > BundleManifest.MAX_BYTES) {
      throw new IllegalStateException(
          "manifest has " + bytes.length + " bytes, more than " + BundleManifest.MAX_BYTES);
    }
    return bytes;
  }

  static BundleManifest decode(byte[] bytes) throws BundleFormatException {
    StrictJson root =
        new StrictJson("", StrictJson.parseObject(WHAT, bytes, BundleManifest.MAX_BYTES));
    long schema = root.integer("schema", Integer.MAX_VALUE);
    if (schema != BundleManifest.SCHEMA) {
      throw root.wrong(
          "schema", "is " + schema + ", but this program reads " + BundleManifest.SCHEMA);
    }
    BundleManifest manifest;
    try {
      manifest =
          new BundleManifest(
              root.string("name"),
              root.string("architecture"),
              kernel(root.object("kernel")),
              initramfs(root.object("initramfs")),
              rootfs(root.optionalObject("rootfs")),
              defaults(root.object("defaults")),
              provenance(root.object("provenance")));
    } catch (IllegalArgumentException e) {
      throw new BundleFormatException(WHAT + ": " + e.getMessage(), e);
    }
    root.end();
    if (!Arrays.equals(bytes, encode(manifest))) {
      throw new BundleFormatException(
          WHAT + " is not canonical: its members' order, spacing or escapes differ");
    }
    return manifest;
  }

  private static Kernel kernel(StrictJson json) throws BundleFormatException {
    Kernel kernel =
        new Kernel(
            file(json), json.string("release"), json.string("flavour"), json.bool("needsAcpi"));
    json.end();
    return kernel;
  }

  private static Initramfs initramfs(StrictJson json) throws BundleFormatException {
    Initramfs initramfs =
        new Initramfs(
            file(json),
            json.string("agentVersion"),
            Math.toIntExact(json.integer("protocolVersion", 0xFFFF)));
    json.end();
    return initramfs;
  }

  private static Optional<Rootfs> rootfs(@Nullable StrictJson json) throws BundleFormatException {
    if (json == null) {
      return Optional.empty();
    }
    Rootfs rootfs = new Rootfs(file(json), json.string("fileSystem"));
    json.end();
    return Optional.of(rootfs);
  }

  private static Defaults defaults(StrictJson json) throws BundleFormatException {
    Defaults defaults =
        new Defaults(
            json.strings("environment"), json.string("user"), json.string("workingDirectory"));
    json.end();
    return defaults;
  }

  private static Provenance provenance(StrictJson json) throws BundleFormatException {
    Provenance provenance =
        new Provenance(
            json.string("recipe"),
            json.sha256("recipeSha256"),
            json.string("builderVersion"),
            json.strings("sources"));
    json.end();
    return provenance;
  }

  private static BundleFile file(StrictJson json) throws BundleFormatException {
    String name = json.string("file");
    Sha256 sha256 = json.sha256("sha256");
    long size = json.integer("size", Long.MAX_VALUE);
    try {
      return new BundleFile(name, sha256, size);
    } catch (IllegalArgumentException e) {
      throw new BundleFormatException("manifest member " + json.at("file") + ": " + e.getMessage());
    }
  }

  private static ObjectNode putFile(ObjectNode root, String member, BundleFile file) {
    ObjectNode node = root.putObject(member);
    node.put("file", file.name());
    node.put("sha256", file.sha256().hex());
    node.put("size", file.size());
    return node;
  }

  private static void putStrings(ObjectNode node, String member, List<String> values) {
    ArrayNode array = node.putArray(member);
    values.forEach(array::add);
  }
}
