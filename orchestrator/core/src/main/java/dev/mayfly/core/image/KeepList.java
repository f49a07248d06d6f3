package dev.mayfly.core.image;

import dev.mayfly.api.BundleDigest;
import java.util.List;
import java.util.Set;

/**
 * Which bundles a worker should have ready before a job asks for them.
 *
 * @param bundles the most wanted first
 * @param pinned of them, those that it never removes to make room
 */
public record KeepList(List<BundleDigest> bundles, Set<BundleDigest> pinned) {
  public KeepList {
    bundles = List.copyOf(bundles);
    pinned = Set.copyOf(pinned);
    if (!bundles.containsAll(pinned)) {
      throw new IllegalArgumentException("a pinned bundle is not on the list");
    }
  }
}
