package dev.mayfly.image.bundle;

import dev.mayfly.image.bundle.BundleManifest.Agent;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.BundleManifest.Guest;
import dev.mayfly.image.bundle.BundleManifest.Initramfs;
import dev.mayfly.image.bundle.BundleManifest.Kernel;
import dev.mayfly.image.bundle.BundleManifest.Provenance;
import dev.mayfly.image.bundle.BundleManifest.Rootfs;
import dev.mayfly.image.bundle.BundleManifest.Sbom;
import dev.mayfly.image.bundle.BundleManifest.Source;
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
    root.put("guest", manifest.guest().name());
    Kernel kernel = manifest.kernel();
    ObjectNode kernelNode = putFile(root, "kernel", kernel.file());
    kernelNode.put("release", kernel.release());
    kernelNode.put("flavour", kernel.flavour());
    kernelNode.put("needsAcpi", kernel.needsAcpi());
    kernelNode.put("arguments", kernel.arguments());
    manifest.initramfs().ifPresent(initramfs -> putInitramfs(root, initramfs));
    manifest
        .rootfs()
        .ifPresent(rootfs ->
            putFile(root, "rootfs", rootfs.file()).put("fileSystem", rootfs.fileSystem()));
    manifest
        .sbom()
        .ifPresent(sbom -> putFile(root, "sbom", sbom.file()).put("format", sbom.format()));
    putDefaults(root.putObject("defaults"), manifest.defaults());
    putProvenance(root.putObject("provenance"), manifest.provenance());
    byte[] bytes = StrictJson.write(root);
    if (bytes.length > BundleManifest.MAX_BYTES) {
      throw new IllegalStateException(
          "manifest has " + bytes.length + " bytes, more than " + BundleManifest.MAX_BYTES);
    }
    return bytes;
  }

  private static void putInitramfs(ObjectNode root, Initramfs initramfs) {
    ObjectNode node = putFile(root, "initramfs", initramfs.file());
    initramfs
        .agent()
        .ifPresent(agent ->
            node.putObject("agent")
                .put("version", agent.version())
                .put("protocolVersion", agent.protocolVersion()));
  }

  private static void putDefaults(ObjectNode node, Defaults defaults) {
    putStrings(node, "environment", defaults.environment());
    node.put("user", defaults.user());
    node.put("workingDirectory", defaults.workingDirectory());
    putStrings(node, "entrypoint", defaults.entrypoint());
    putStrings(node, "command", defaults.command());
  }

  private static void putProvenance(ObjectNode node, Provenance provenance) {
    Source source = provenance.source();
    node.putObject("source")
        .put("kind", source.kind())
        .put("reference", source.reference())
        .put("digest", source.digest().toString());
    node.put("builderVersion", provenance.builderVersion());
    putStrings(node, "inputs", provenance.inputs());
    node.put("sourceSeconds", provenance.sourceSeconds());
  }

  static BundleManifest decode(byte[] bytes) throws BundleFormatException {
    StrictJson root =
        new StrictJson("", StrictJson.parseObject(WHAT, bytes, BundleManifest.MAX_BYTES));
    long schema = root.integer("schema", Integer.MAX_VALUE);
    if (schema < BundleManifest.SCHEMA) {
      throw new OldSchemaException(schema);
    }
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
              guest(root),
              kernel(root.object("kernel")),
              initramfs(root.optionalObject("initramfs")),
              rootfs(root.optionalObject("rootfs")),
              sbom(root.optionalObject("sbom")),
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
            file(json),
            json.string("release"),
            json.string("flavour"),
            json.bool("needsAcpi"),
            json.string("arguments"));
    json.end();
    return kernel;
  }

  private static Guest guest(StrictJson json) throws BundleFormatException {
    return switch (json.string("guest")) {
      case "AGENT" -> Guest.AGENT;
      case "CONSOLE" -> Guest.CONSOLE;
      default -> throw json.wrong("guest", "is neither AGENT nor CONSOLE");
    };
  }

  private static Optional<Initramfs> initramfs(@Nullable StrictJson json)
      throws BundleFormatException {
    if (json == null) {
      return Optional.empty();
    }
    Initramfs initramfs = new Initramfs(file(json), agent(json.optionalObject("agent")));
    json.end();
    return Optional.of(initramfs);
  }

  private static Optional<Agent> agent(@Nullable StrictJson json) throws BundleFormatException {
    if (json == null) {
      return Optional.empty();
    }
    Agent agent =
        new Agent(json.string("version"), Math.toIntExact(json.integer("protocolVersion", 0xFFFF)));
    json.end();
    return Optional.of(agent);
  }

  private static Optional<Rootfs> rootfs(@Nullable StrictJson json) throws BundleFormatException {
    if (json == null) {
      return Optional.empty();
    }
    Rootfs rootfs = new Rootfs(file(json), json.string("fileSystem"));
    json.end();
    return Optional.of(rootfs);
  }

  private static Optional<Sbom> sbom(@Nullable StrictJson json) throws BundleFormatException {
    if (json == null) {
      return Optional.empty();
    }
    Sbom sbom = new Sbom(file(json), json.string("format"));
    json.end();
    return Optional.of(sbom);
  }

  private static Defaults defaults(StrictJson json) throws BundleFormatException {
    Defaults defaults =
        new Defaults(
            json.strings("environment"),
            json.string("user"),
            json.string("workingDirectory"),
            json.strings("entrypoint"),
            json.strings("command"));
    json.end();
    return defaults;
  }

  private static Provenance provenance(StrictJson json) throws BundleFormatException {
    Provenance provenance =
        new Provenance(
            source(json.object("source")),
            json.string("builderVersion"),
            json.strings("inputs"),
            json.integer("sourceSeconds", 0, Long.MAX_VALUE));
    json.end();
    return provenance;
  }

  private static Source source(StrictJson json) throws BundleFormatException {
    Source source =
        new Source(json.string("kind"), json.string("reference"), json.digest("digest"));
    json.end();
    return source;
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
