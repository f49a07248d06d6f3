package dev.mayfly.image.bundle;

import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * An Ed25519 signature over a manifest's bytes; see {@link SigningKey} and {@link TrustedKeys}. It
 * says nothing until a trusted key has verified it.
 *
 * @param keyId the first 16 hexadecimal digits of the sha256 of the public key's
 *     SubjectPublicKeyInfo
 * @param hex the 64 bytes as hexadecimal digits
 */
public record BundleSignature(String keyId, String hex) {
  /** More people than anybody lets sign one bundle. */
  public static final int MAX_PER_BUNDLE = 8;

  private static final Pattern KEY_ID = Pattern.compile("[0-9a-f]{16}");
  private static final Pattern HEX = Pattern.compile("[0-9a-f]{128}");

  public BundleSignature {
    if (!KEY_ID.matcher(keyId).matches()) {
      throw new IllegalArgumentException("keyId is not 16 lower-case hexadecimal digits");
    }
    if (!HEX.matcher(hex).matches()) {
      throw new IllegalArgumentException("signature is not 64 bytes in hexadecimal digits");
    }
  }

  /** Of the signature's bytes. */
  public static BundleSignature of(String keyId, byte[] signature) {
    return new BundleSignature(keyId, HexFormat.of().formatHex(signature));
  }

  /** The signature's 64 bytes. */
  public byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }
}
