package dev.mayfly.client;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.rest.BundleView;
import dev.mayfly.api.rest.Problem;
import java.util.List;

/** What became of a bundle that was to be stored. */
public sealed interface BundleStoring {

  /** It is stored, now or since before. */
  record Stored(BundleView bundle) implements BundleStoring {}

  /** These of its blobs are not stored; nothing changed. */
  record Lacking(List<BlobDigest> blobs) implements BundleStoring {
    public Lacking {
      blobs = List.copyOf(blobs);
    }
  }

  /** It was refused for another reason; nothing changed. */
  record Refused(Problem problem) implements BundleStoring {}
}
