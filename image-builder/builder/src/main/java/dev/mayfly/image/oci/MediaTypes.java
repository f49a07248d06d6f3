package dev.mayfly.image.oci;

import java.util.List;
import java.util.Set;

/**
 * The media types of the OCI image specification 1.1 and of Docker's image manifest, version 2,
 * schema 2, which is the same under other names.
 */
public final class MediaTypes {
  public static final String INDEX = "application/vnd.oci.image.index.v1+json";
  public static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

  private static final String DOCKER_LIST =
      "application/vnd.docker.distribution.manifest.list.v2+json";
  private static final String DOCKER_MANIFEST =
      "application/vnd.docker.distribution.manifest.v2+json";
  private static final Set<String> CONFIGS =
      Set.of(
          "application/vnd.oci.image.config.v1+json",
          "application/vnd.docker.container.image.v1+json");
  private static final Set<String> LAYERS =
      Set.of(
          "application/vnd.oci.image.layer.v1.tar",
          "application/vnd.oci.image.layer.v1.tar+gzip",
          "application/vnd.oci.image.layer.v1.tar+zstd",
          "application/vnd.docker.image.rootfs.diff.tar",
          "application/vnd.docker.image.rootfs.diff.tar.gzip",
          "application/vnd.docker.image.rootfs.diff.tar.zstd");

  private MediaTypes() {}

  /** What a registry is asked for. */
  public static List<String> accepted() {
    return List.of(INDEX, MANIFEST, DOCKER_LIST, DOCKER_MANIFEST);
  }

  static boolean isIndex(String mediaType) {
    return mediaType.equals(INDEX) || mediaType.equals(DOCKER_LIST);
  }

  static boolean isManifest(String mediaType) {
    return mediaType.equals(MANIFEST) || mediaType.equals(DOCKER_MANIFEST);
  }

  static boolean isConfig(String mediaType) {
    return CONFIGS.contains(mediaType);
  }

  static boolean isLayer(String mediaType) {
    return LAYERS.contains(mediaType);
  }
}
