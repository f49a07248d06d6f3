package dev.mayfly.image.bundle;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HashSet;
import java.util.Set;

/** PEM files (RFC 7468) of Ed25519 keys, and the names of keys. */
final class KeyFiles {
  static final String ALGORITHM = "Ed25519";

  /** An Ed25519 key in PEM has some 120 bytes. */
  private static final int MAX_BYTES = 4096;

  private KeyFiles() {}

  /** The bytes between the lines that begin and end this kind of PEM. */
  static byte[] readPem(Path file, String label) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    }
    String text = new String(bytes, StandardCharsets.US_ASCII).strip();
    String begin = "-----BEGIN " + label + "-----";
    String end = "-----END " + label + "-----";
    if (bytes.length > MAX_BYTES || !text.startsWith(begin) || !text.endsWith(end)) {
      throw new KeyFormatException(file, "is no PEM file that begins with \"" + begin + "\"", null);
    }
    try {
      return Base64.getMimeDecoder()
          .decode(text.substring(begin.length(), text.length() - end.length()));
    } catch (IllegalArgumentException e) {
      throw new KeyFormatException(file, "is no PEM file: its lines are not base64", null);
    }
  }

  static byte[] toPem(String label, byte[] encoded) {
    return ("-----BEGIN "
            + label
            + "-----\n"
            + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded)
            + "\n-----END "
            + label
            + "-----\n")
        .getBytes(StandardCharsets.US_ASCII);
  }

  static PublicKey readPublic(Path file) throws IOException {
    try {
      return KeyFactory.getInstance(ALGORITHM)
          .generatePublic(new X509EncodedKeySpec(readPem(file, "PUBLIC KEY")));
    } catch (GeneralSecurityException e) {
      throw new KeyFormatException(file, "holds no Ed25519 public key", e);
    }
  }

  static String idOf(PublicKey key) {
    return Sha256.of(key.getEncoded()).hex().substring(0, 16);
  }

  /** Refuses what others than its owner may do one of these with. */
  static void requireWithout(Path file, Set<PosixFilePermission> forbidden, String remedy)
      throws IOException {
    Set<PosixFilePermission> given = new HashSet<>(Files.getPosixFilePermissions(file));
    given.retainAll(forbidden);
    if (!given.isEmpty()) {
      throw new KeyFormatException(file, remedy, null);
    }
  }
}
