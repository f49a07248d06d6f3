package dev.mayfly.server.blobs;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.core.image.BlobStore;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.ImageNudges;
import dev.mayfly.core.image.StoredBundle;
import dev.mayfly.core.image.StoredBundle.NeededBlob;
import dev.mayfly.core.placement.Nudges;
import dev.mayfly.image.bundle.BundleFormatException;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/** Stores bundles whose blobs are stored. Thread-safe. */
public final class BundleDesk {
  private final BundleStore bundles;
  private final BlobStore blobs;
  private final Nudges placement;
  private final ImageNudges keep;
  private final InstantSource clock;

  BundleDesk(
      BundleStore bundles,
      BlobStore blobs,
      Nudges placement,
      ImageNudges keep,
      InstantSource clock) {
    this.bundles = bundles;
    this.blobs = blobs;
    this.placement = placement;
    this.keep = keep;
    this.clock = clock;
  }

  /** What became of a bundle that was to be stored. */
  public sealed interface Answer {

    /** It is stored, now or since before. */
    record Stored(StoredBundle bundle) implements Answer {}

    /** These blobs are not stored; nothing changed. */
    record Lacking(List<BlobDigest> blobs) implements Answer {}

    /** The manifest or a signature is not what it should be; nothing changed. */
    record Malformed(String field, String problem) implements Answer {}
  }

  /**
   * Stores a bundle, or adds signatures to it. They are not verified here: whoever boots does that,
   * with keys of its own.
   *
   * @param signatures bytes by the id of the key
   */
  public Answer put(byte[] manifest, Map<String, byte[]> signatures) {
    StoredBundle bundle;
    try {
      Map<String, StoredBundle.Signature> checked = new TreeMap<>();
      signatures.forEach((key, bytes) -> checked.put(key, StoredBundle.Signature.of(bytes)));
      bundle = Manifests.bundle(manifest, checked, clock.instant());
    } catch (BundleFormatException malformed) {
      return new Answer.Malformed("manifest", String.valueOf(malformed.getMessage()));
    } catch (IllegalArgumentException wrong) {
      return new Answer.Malformed("signatures", String.valueOf(wrong.getMessage()));
    }
    return switch (bundles.put(bundle, this::missing)) {
      case BundleStore.Put.Stored(StoredBundle stored) -> {
        // Jobs that wait for it may go to workers that lack it now.
        placement.placement();
        keep.keep();
        yield new Answer.Stored(stored);
      }
      case BundleStore.Put.Lacking(List<BlobDigest> lacking) -> new Answer.Lacking(lacking);
      case BundleStore.Put.TooManySignatures _ ->
          new Answer.Malformed(
              "signatures",
              "are more than " + StoredBundle.MAX_SIGNATURES + " with those that are stored");
    };
  }

  /** The digest that a manifest has. */
  public static BundleDigest digest(byte[] manifest) {
    return new BundleDigest(Sha256.of(manifest).toString());
  }

  private List<BlobDigest> missing(List<NeededBlob> needed) {
    List<BlobDigest> missing = new ArrayList<>();
    for (NeededBlob blob : needed) {
      OptionalLong size = size(blob.digest());
      if (size.isEmpty() || size.getAsLong() != blob.sizeBytes()) {
        missing.add(blob.digest());
      }
    }
    return missing;
  }

  private OptionalLong size(BlobDigest blob) {
    try {
      return blobs.size(blob);
    } catch (IOException broken) {
      throw new UncheckedIOException("the store of blobs does not answer", broken);
    }
  }
}
