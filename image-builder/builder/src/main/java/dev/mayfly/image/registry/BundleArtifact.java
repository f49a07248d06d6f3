package dev.mayfly.image.registry;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleSignature;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.oci.MediaTypes;
import dev.mayfly.image.oci.OciDescriptor;
import dev.mayfly.image.oci.OciException;
import dev.mayfly.image.oci.OciManifest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a boot bundle lies in a registry: an OCI artifact whose configuration is the bundle's
 * manifest, byte for byte, and whose layers are its files, each of them as it is.
 */
final class BundleArtifact {
  /** The artifact's type. */
  static final String TYPE = "application/vnd.mayfly.bundle.v2";

  private static final String MANIFEST = "application/vnd.mayfly.bundle.manifest.v2+json";
  private static final String FILE = "application/vnd.mayfly.bundle.file.v2.";
  private static final String TITLE = "org.opencontainers.image.title";
  private static final String SIGNATURES = "dev.mayfly.bundle.signatures";
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private BundleArtifact() {}

  /** The artifact's manifest: the same bytes for the same bundle and signatures. */
  static String encode(BootBundle bundle, List<BundleSignature> signatures) {
    BundleManifest manifest = bundle.manifest();
    ObjectNode root = JSON.createObjectNode();
    root.put("schemaVersion", 2);
    root.put("mediaType", MediaTypes.MANIFEST);
    root.put("artifactType", TYPE);
    put(root.putObject("config"), MANIFEST, bundle.digest(), manifest.toBytes().length);
    ArrayNode layers = root.putArray("layers");
    kinds(manifest)
        .forEach(kind -> {
          ObjectNode layer = layers.addObject();
          put(layer, FILE + kind.name(), kind.file().sha256(), kind.file().size());
          layer.putObject("annotations").put(TITLE, kind.file().name());
        });
    if (!signatures.isEmpty()) {
      root.putObject("annotations").put(SIGNATURES, text(signatures));
    }
    return JSON.writeValueAsString(root);
  }

  /** Passes where the artifact is a bundle. */
  static void requireBundle(String what, OciManifest artifact) throws OciException {
    if (!TYPE.equals(artifact.artifactType().orElse(""))
        || !MANIFEST.equals(artifact.config().mediaType())) {
      throw OciException.wrong(
          what
              + " is no boot bundle but "
              + artifact.artifactType().orElse(artifact.config().mediaType())
              + "; a container image is built by image build "
              + what);
    }
    if (artifact.config().size() > BundleManifest.MAX_BYTES) {
      throw OciException.wrong(
          what + " has a manifest of more than " + BundleManifest.MAX_BYTES + " bytes");
    }
  }

  /** Each file's descriptor, passing where the artifact has the bundle's files and no others. */
  static List<OciDescriptor> files(String what, OciManifest artifact, BundleManifest manifest)
      throws OciException {
    Map<Sha256, OciDescriptor> layers = new HashMap<>();
    artifact.layers().forEach(layer -> layers.put(layer.digest(), layer));
    List<OciDescriptor> files = new ArrayList<>();
    for (BundleFile file : manifest.files()) {
      OciDescriptor layer = layers.get(file.sha256());
      if (layer == null || layer.size() != file.size()) {
        throw OciException.wrong(
            what + " does not have the file " + file.name() + " that its manifest names");
      }
      files.add(layer);
    }
    if (layers.size() != files.stream().map(OciDescriptor::digest).distinct().count()) {
      throw OciException.wrong(what + " has files that its manifest does not name");
    }
    return files;
  }

  /** The signatures that came with it; they say nothing until a trusted key has verified them. */
  static List<BundleSignature> signatures(String what, OciManifest artifact) throws OciException {
    String text = artifact.annotations().getOrDefault(SIGNATURES, "");
    if (text.isEmpty()) {
      return List.of();
    }
    List<BundleSignature> signatures = new ArrayList<>();
    for (String entry : text.split(",", BundleSignature.MAX_PER_BUNDLE + 1)) {
      int colon = entry.indexOf(':');
      try {
        signatures.add(
            new BundleSignature(
                entry.substring(0, Math.max(0, colon)), entry.substring(colon + 1)));
      } catch (IllegalArgumentException e) {
        throw OciException.wrong(what + ": its signatures are malformed: " + e.getMessage(), e);
      }
    }
    return signatures;
  }

  private record Kind(String name, BundleFile file) {}

  private static List<Kind> kinds(BundleManifest manifest) {
    List<Kind> kinds = new ArrayList<>(List.of(new Kind("kernel", manifest.kernel().file())));
    manifest.initramfs().ifPresent(part -> kinds.add(new Kind("initramfs", part.file())));
    manifest.rootfs().ifPresent(part -> kinds.add(new Kind("rootfs", part.file())));
    manifest.sbom().ifPresent(part -> kinds.add(new Kind("sbom", part.file())));
    return kinds;
  }

  private static void put(ObjectNode node, String mediaType, Sha256 digest, long size) {
    node.put("mediaType", mediaType);
    node.put("digest", digest.toString());
    node.put("size", size);
  }

  private static String text(List<BundleSignature> signatures) {
    return signatures.stream()
        .map(signature -> signature.keyId() + ":" + signature.hex())
        .sorted()
        .collect(Collectors.joining(","));
  }

  static byte[] bytes(String encoded) {
    return encoded.getBytes(StandardCharsets.UTF_8);
  }
}
