package dev.mayfly.image.oci;

import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.Sha256;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * Reads the documents of the OCI image specification and Docker's own of the same shape. What is
 * not asked for is passed over, as the specification demands; what is asked for is checked.
 */
public final class OciDocuments {
  /** What the distribution specification has registries take at least; real ones have kilobytes. */
  public static final int MAX_BYTES = 4 << 20;

  /** Docker makes 127 at most. */
  private static final int MAX_LAYERS = 512;

  /** Far beyond the architectures there are. */
  private static final int MAX_IMAGES = 1000;

  /** No layer people can wait for is larger. */
  private static final long MAX_BLOB_BYTES = 32L << 30;

  /** A bundle's manifest, which has them too, may have 64 KiB. */
  private static final int MAX_DEFAULTS_CHARACTERS = 32 << 10;

  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*=[^\\x00]*");

  private OciDocuments() {}

  /** Either kind of document a tag may point to. */
  public sealed interface Top {
    /** One image. */
    record Image(OciManifest manifest) implements Top {}

    /** Images for several platforms. */
    record Images(List<OciDescriptor> manifests) implements Top {}
  }

  /**
   * Reads a manifest or an index.
   *
   * @param what the document, for errors
   * @param mediaType as the registry or a descriptor calls it
   */
  public static Top top(String what, byte[] bytes, String mediaType) throws OciException {
    JsonNode root = OciJson.parse(what, bytes, MAX_BYTES);
    String own = OciJson.text(what, root, "mediaType").orElse(mediaType);
    if (!own.equals(mediaType)) {
      throw OciException.wrong(
          what + " is called " + mediaType + " and calls itself " + own + ", so it is refused");
    }
    if (MediaTypes.isIndex(mediaType)) {
      return new Top.Images(descriptors(what, root, "manifests", MAX_IMAGES));
    }
    if (MediaTypes.isManifest(mediaType)) {
      return new Top.Image(
          new OciManifest(
              OciJson.text(what, root, "artifactType"),
              descriptor(what, OciJson.member(what, root, "config")),
              descriptors(what, root, "layers", MAX_LAYERS),
              OciJson.strings(what, root, "annotations")));
    }
    throw OciException.wrong(
        what
            + " is of the type "
            + mediaType
            + ", which is no image manifest that can be read here; push the image again with a"
            + " present-day tool");
  }

  /** The only image of a document, or the one for this platform. */
  public static OciDescriptor choose(String what, List<OciDescriptor> images, OciPlatform here)
      throws OciException {
    List<String> others = new ArrayList<>();
    for (OciDescriptor image : images) {
      Optional<OciPlatform> platform = image.platform();
      if (platform.isPresent() && here.runs(platform.get())) {
        return image;
      }
      // Build attestations lie in an index as images of an unknown platform.
      platform
          .map(OciPlatform::toString)
          .filter(name -> !name.startsWith("unknown"))
          .ifPresent(others::add);
    }
    throw OciException.wrong(
        what
            + " has no image for "
            + here
            + (others.isEmpty() ? "" : "; it has " + String.join(", ", others)));
  }

  /** Passes where the manifest is one of a container image that can be read here. */
  public static void requireImage(String what, OciManifest manifest) throws OciException {
    String type = manifest.artifactType().orElse(manifest.config().mediaType());
    if (!MediaTypes.isConfig(manifest.config().mediaType())) {
      throw OciException.wrong(what + " is no container image but " + type);
    }
    for (OciDescriptor layer : manifest.layers()) {
      if (!MediaTypes.isLayer(layer.mediaType())) {
        throw OciException.wrong(
            what
                + " has the layer "
                + layer.digest()
                + " of the type "
                + layer.mediaType()
                + ", which cannot be read here; push the image again with plain, gzip or zstd layers");
      }
    }
  }

  /** Reads an image's configuration. */
  public static OciImageConfig config(String what, byte[] bytes) throws OciException {
    JsonNode root = OciJson.parse(what, bytes, MAX_BYTES);
    OciPlatform platform =
        new OciPlatform(
            OciJson.text(what, root, "os").orElse(""),
            OciJson.text(what, root, "architecture").orElse(""),
            OciJson.text(what, root, "variant").orElse(""));
    JsonNode process = root.path("config");
    List<Sha256> diffIds = new ArrayList<>();
    for (String id : OciJson.list(what, root.path("rootfs"), "diff_ids")) {
      diffIds.add(digest(what, id));
    }
    return new OciImageConfig(platform, defaults(what, process), created(what, root), diffIds);
  }

  private static Defaults defaults(String what, JsonNode process) throws OciException {
    // A shell takes no other names either, and what starts programs hands them on unread.
    List<String> environment =
        OciJson.list(what, process, "Env").stream()
            .filter(entry -> VARIABLE.matcher(entry).matches())
            .toList();
    List<String> entrypoint = OciJson.list(what, process, "Entrypoint");
    List<String> command = OciJson.list(what, process, "Cmd");
    long characters =
        List.of(environment, entrypoint, command).stream()
            .flatMap(List::stream)
            .mapToLong(String::length)
            .sum();
    if (characters > MAX_DEFAULTS_CHARACTERS) {
      throw OciException.wrong(
          what
              + " has environment, entrypoint and command of "
              + characters
              + " characters, more than "
              + MAX_DEFAULTS_CHARACTERS);
    }
    String directory = OciJson.text(what, process, "WorkingDir").orElse("");
    try {
      return new Defaults(
          environment,
          OciJson.text(what, process, "User").orElse(""),
          directory.isEmpty() ? "/" : directory,
          entrypoint,
          command);
    } catch (IllegalArgumentException e) {
      throw OciException.wrong(what + ": " + e.getMessage(), e);
    }
  }

  private static long created(String what, JsonNode root) throws OciException {
    Optional<String> created = OciJson.text(what, root, "created").filter(text -> !text.isEmpty());
    try {
      // Before 1970 is how Go writes a time that was never set.
      return created
          .map(text -> Math.max(0, OffsetDateTime.parse(text).toEpochSecond()))
          .orElse(0L);
    } catch (DateTimeException e) {
      throw OciException.wrong(what + ": its member created is no time", e);
    }
  }

  private static List<OciDescriptor> descriptors(String what, JsonNode root, String member, int max)
      throws OciException {
    JsonNode list = OciJson.member(what, root, member);
    if (!list.isArray() || list.size() > max) {
      throw OciException.wrong(what + ": its member " + member + " is no list of at most " + max);
    }
    List<OciDescriptor> descriptors = new ArrayList<>();
    for (JsonNode element : list) {
      descriptors.add(descriptor(what, element));
    }
    return descriptors;
  }

  private static OciDescriptor descriptor(String what, JsonNode node) throws OciException {
    String mediaType = OciJson.text(what, node, "mediaType").orElse("");
    String digest =
        OciJson.text(what, node, "digest")
            .orElseThrow(() -> OciException.wrong(what + " names a blob without a digest"));
    JsonNode size = node.path("size");
    if (!size.isIntegralNumber() || size.longValue() < 0 || size.longValue() > MAX_BLOB_BYTES) {
      throw OciException.wrong(
          what
              + " has "
              + digest
              + " of a size that is not between 0 and "
              + MAX_BLOB_BYTES
              + " bytes");
    }
    JsonNode platform = node.path("platform");
    return new OciDescriptor(
        mediaType,
        digest(what, digest),
        size.longValue(),
        platform.isObject()
            ? Optional.of(
                new OciPlatform(
                    OciJson.text(what, platform, "os").orElse(""),
                    OciJson.text(what, platform, "architecture").orElse(""),
                    OciJson.text(what, platform, "variant").orElse("")))
            : Optional.empty(),
        Map.copyOf(OciJson.strings(what, node, "annotations")));
  }

  private static Sha256 digest(String what, String text) throws OciException {
    try {
      return Sha256.parse(text);
    } catch (IllegalArgumentException e) {
      throw OciException.wrong(what + ": " + e.getMessage() + "; only sha256 is read here", e);
    }
  }
}
