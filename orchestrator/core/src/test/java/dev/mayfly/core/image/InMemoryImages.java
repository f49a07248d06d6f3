package dev.mayfly.core.image;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/** What the in-memory stores of images share; each of them locks it for the length of a call. */
public final class InMemoryImages {

  /** Newest first. */
  final TreeMap<String, List<ImageVersion>> versions = new TreeMap<>();

  final TreeMap<String, ImagePolicy> policies = new TreeMap<>();
  final Map<BundleDigest, StoredBundle> bundles = new HashMap<>();
  final Map<WorkerId, List<BundleOnWorker>> onWorkers = new HashMap<>();
  final Supplier<Set<BundleDigest>> neededByJobs;

  /**
   * @param neededByJobs bundles of jobs that have not finished
   */
  public InMemoryImages(Supplier<Set<BundleDigest>> neededByJobs) {
    this.neededByJobs = neededByJobs;
  }

  List<ImageVersion> of(String name) {
    return versions.computeIfAbsent(name, _ -> new ArrayList<>());
  }
}
