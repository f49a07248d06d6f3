package dev.mayfly.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Writes bundles as the image builder leaves them on a machine. */
final class BuiltBundle {
  private BuiltBundle() {}

  /**
   * A bundle of a kernel and a root disk with those bytes.
   *
   * @return its digest
   */
  static String write(Path images, String name, String kernel, String rootfs) throws IOException {
    String manifest =
        "{\"schema\":2,\"name\":\""
            + name
            + "\",\"architecture\":\"x86_64\",\"guest\":\"AGENT\",\"kernel\":"
            + file("vmlinux", kernel)
            + ",\"rootfs\":"
            + file("rootfs.erofs", rootfs)
            + "}";
    String hex = sha256(manifest);
    Path bundle = Files.createDirectories(images.resolve("bundles/sha256-" + hex));
    Files.writeString(bundle.resolve("vmlinux"), kernel);
    Files.writeString(bundle.resolve("rootfs.erofs"), rootfs);
    Files.writeString(bundle.resolve("manifest.json"), manifest);
    Files.writeString(images.resolve("names.json"), "{\"" + name + "\":\"sha256:" + hex + "\"}");
    return "sha256:" + hex;
  }

  static void sign(Path images, String digest, String keyId, String ed25519) throws IOException {
    Files.writeString(
        images.resolve("bundles/" + digest.replace(':', '-') + "/signatures.json"),
        "{\"signatures\":[{\"keyId\":\"" + keyId + "\",\"ed25519\":\"" + ed25519 + "\"}]}");
  }

  private static String file(String name, String bytes) {
    return "{\"file\":\""
        + name
        + "\",\"sha256\":\""
        + sha256(bytes)
        + "\",\"size\":"
        + bytes.length()
        + "}";
  }

  private static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException missing) {
      throw new IllegalStateException("every Java platform has SHA-256", missing);
    }
  }
}
