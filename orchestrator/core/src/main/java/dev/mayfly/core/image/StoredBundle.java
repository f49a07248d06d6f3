package dev.mayfly.core.image;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A bundle that the orchestrator can serve.
 *
 * @param manifest its canonical bytes, whose sha256 is the digest
 * @param signatures by the id of the key
 * @param image the name it was built for
 * @param sizeBytes of all its files
 * @param sourceDigest of what it was made of, in the form {@code sha256:<hex>}
 * @param blobs its files; one blob may be several of them
 */
public record StoredBundle(
    BundleDigest digest,
    byte[] manifest,
    Map<String, Signature> signatures,
    ImageRef image,
    String architecture,
    long sizeBytes,
    String sourceDigest,
    List<NeededBlob> blobs,
    Instant storedAt) {

  /** Each takes a row's space with every bundle; whoever signs more has lost track of the keys. */
  public static final int MAX_SIGNATURES = 8;

  private static final Pattern KEY_ID = Pattern.compile("[0-9a-f]{16}");

  public StoredBundle {
    manifest = manifest.clone();
    // In the order of the keys, so that equal bundles are stored alike.
    signatures = Collections.unmodifiableMap(new TreeMap<>(signatures));
    blobs = List.copyOf(blobs);
    if (signatures.size() > MAX_SIGNATURES) {
      throw new IllegalArgumentException("it has more than " + MAX_SIGNATURES + " signatures");
    }
    for (String keyId : signatures.keySet()) {
      if (!KEY_ID.matcher(keyId).matches()) {
        throw new IllegalArgumentException("a key's id is not 16 hexadecimal digits");
      }
    }
  }

  /** One file's bytes. */
  public record NeededBlob(BlobDigest digest, long sizeBytes) {
    public NeededBlob {
      if (sizeBytes < 1) {
        throw new IllegalArgumentException("size is not positive");
      }
    }
  }

  /** An Ed25519 signature, kept as hexadecimal digits so that equal ones are equal. */
  public record Signature(String hex) {
    private static final int BYTES = 64;

    public Signature {
      if (!hex.matches("[0-9a-f]{" + 2 * BYTES + "}")) {
        throw new IllegalArgumentException("a signature does not have " + BYTES + " bytes");
      }
    }

    public static Signature of(byte[] bytes) {
      return new Signature(HexFormat.of().formatHex(bytes));
    }

    public byte[] bytes() {
      return HexFormat.of().parseHex(hex);
    }
  }

  @Override
  public byte[] manifest() {
    return manifest.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StoredBundle that
        && digest.equals(that.digest)
        && Arrays.equals(manifest, that.manifest)
        && signatures.equals(that.signatures)
        && image.equals(that.image)
        && architecture.equals(that.architecture)
        && sizeBytes == that.sizeBytes
        && sourceDigest.equals(that.sourceDigest)
        && blobs.equals(that.blobs)
        && storedAt.equals(that.storedAt);
  }

  @Override
  public int hashCode() {
    return Objects.hash(digest, signatures, storedAt);
  }
}
