package dev.mayfly.core.image;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** A {@link BundleStore} in a map. */
public final class InMemoryBundleStore implements BundleStore {
  private final InMemoryImages images;

  public InMemoryBundleStore(InMemoryImages images) {
    this.images = images;
  }

  @Override
  public Put put(StoredBundle bundle, Presence presence) {
    synchronized (images) {
      List<BlobDigest> missing = presence.missing(bundle.blobs());
      if (!missing.isEmpty()) {
        return new Put.Lacking(missing);
      }
      StoredBundle old = images.bundles.get(bundle.digest());
      Map<String, StoredBundle.Signature> signatures = new TreeMap<>();
      if (old != null) {
        signatures.putAll(old.signatures());
      }
      signatures.putAll(bundle.signatures());
      if (signatures.size() > StoredBundle.MAX_SIGNATURES) {
        return new Put.TooManySignatures();
      }
      StoredBundle stored =
          new StoredBundle(
              bundle.digest(),
              bundle.manifest(),
              signatures,
              bundle.image(),
              bundle.architecture(),
              bundle.sizeBytes(),
              bundle.sourceDigest(),
              bundle.blobs(),
              bundle.storedAt());
      images.bundles.put(bundle.digest(), stored);
      return new Put.Stored(stored);
    }
  }

  @Override
  public Optional<StoredBundle> find(BundleDigest digest) {
    synchronized (images) {
      return Optional.ofNullable(images.bundles.get(digest));
    }
  }

  @Override
  public List<StoredBundle> find(Collection<BundleDigest> digests) {
    synchronized (images) {
      return digests.stream().distinct().map(images.bundles::get).filter(Objects::nonNull).toList();
    }
  }

  @Override
  public Set<BundleDigest> servable(Collection<BundleDigest> digests) {
    synchronized (images) {
      Set<BundleDigest> servable = new HashSet<>(digests);
      servable.retainAll(images.bundles.keySet());
      return servable;
    }
  }

  @Override
  public int trimVersions() {
    synchronized (images) {
      int removed = 0;
      for (Map.Entry<String, List<ImageVersion>> entry : images.versions.entrySet()) {
        ImagePolicy policy = images.policies.get(entry.getKey());
        int keep = policy == null ? ImagePolicy.DEFAULT_KEEP : policy.keep();
        List<ImageVersion> versions = entry.getValue();
        while (versions.size() > keep) {
          versions.removeLast();
          removed++;
        }
      }
      return removed;
    }
  }

  @Override
  public List<BundleDigest> removeUnneeded(Instant storedBefore, int limit) {
    synchronized (images) {
      Set<BundleDigest> needed = new HashSet<>(images.neededByJobs.get());
      images.versions.values().stream()
          .flatMap(List::stream)
          .forEach(version -> needed.add(version.image().bundle()));
      List<BundleDigest> unneeded =
          images.bundles.values().stream()
              .filter(bundle -> bundle.storedAt().isBefore(storedBefore))
              .map(StoredBundle::digest)
              .filter(digest -> !needed.contains(digest))
              .limit(limit)
              .toList();
      unneeded.forEach(images.bundles::remove);
      return unneeded;
    }
  }

  @Override
  public void removeUnneeded(List<BlobDigest> candidates, Removal removal) {
    synchronized (images) {
      Set<BlobDigest> needed = new HashSet<>();
      images.bundles.values().stream()
          .flatMap(bundle -> bundle.blobs().stream())
          .forEach(blob -> needed.add(blob.digest()));
      List<BlobDigest> unneeded = new ArrayList<>(candidates);
      unneeded.removeAll(needed);
      unneeded.forEach(removal::remove);
    }
  }
}
