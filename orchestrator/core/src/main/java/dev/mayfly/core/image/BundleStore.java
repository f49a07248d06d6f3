package dev.mayfly.core.image;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Port: which bundles the orchestrator can serve, and which blobs they need. Safe for use by
 * several threads and several orchestrators: no blob that a bundle needs is ever removed.
 */
public interface BundleStore {

  /**
   * Looks for blobs, while no collection can remove one. Takes at most some seconds.
   *
   * <p>Throws what breaks as an unchecked exception.
   */
  @FunctionalInterface
  interface Presence {

    /** Those of the blobs that are not stored, or not of that size. */
    List<BlobDigest> missing(List<StoredBundle.NeededBlob> blobs);
  }

  /** What became of a bundle that was to be stored. */
  sealed interface Put {

    /** It is stored, now or since before; signatures were added. */
    record Stored(StoredBundle bundle) implements Put {}

    /** These blobs are missing; nothing changed. */
    record Lacking(List<BlobDigest> blobs) implements Put {
      public Lacking {
        blobs = List.copyOf(blobs);
      }
    }

    /** With what it has, it would have too many signatures; nothing changed. */
    record TooManySignatures() implements Put {}
  }

  /**
   * Stores a bundle all of whose blobs are stored. Idempotent; a bundle that is stored already
   * counts as stored now, so that the next collection leaves it to its publisher.
   */
  Put put(StoredBundle bundle, Presence presence);

  Optional<StoredBundle> find(BundleDigest digest);

  /** Those of the bundles that are stored. */
  List<StoredBundle> find(Collection<BundleDigest> digests);

  /** Those of the bundles that the orchestrator can serve. */
  Set<BundleDigest> servable(Collection<BundleDigest> digests);

  /** Removes versions of names beyond what their policies keep; returns how many. */
  int trimVersions();

  /**
   * Removes bundles that no name, version or unfinished job needs and that were stored before an
   * instant.
   *
   * @param limit how many at most
   */
  List<BundleDigest> removeUnneeded(Instant storedBefore, int limit);

  /** Removes one blob from where it is stored. */
  @FunctionalInterface
  interface Removal {
    void remove(BlobDigest blob);
  }

  /**
   * Calls for the removal of those of the blobs that no bundle needs, while no bundle can be
   * stored.
   *
   * @param candidates at most some dozens: storing waits meanwhile
   */
  void removeUnneeded(List<BlobDigest> candidates, Removal removal);
}
