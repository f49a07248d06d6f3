package dev.mayfly.core.image;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** A {@link BundleOnWorkerStore} in a map. */
public final class InMemoryBundleOnWorkerStore implements BundleOnWorkerStore {
  private final InMemoryImages images;
  private final Predicate<WorkerId> known;
  private final Predicate<WorkerId> there;

  /**
   * @param known whether a worker has ever registered
   * @param there whether it has not left
   */
  public InMemoryBundleOnWorkerStore(
      InMemoryImages images, Predicate<WorkerId> known, Predicate<WorkerId> there) {
    this.images = images;
    this.known = known;
    this.there = there;
  }

  @Override
  public void replace(WorkerId worker, List<BundleOnWorker> states) {
    synchronized (images) {
      if (known.test(worker)) {
        images.onWorkers.put(worker, List.copyOf(states));
      }
    }
  }

  @Override
  public Map<WorkerId, List<BundleOnWorker>> find(Collection<BundleDigest> bundles) {
    synchronized (images) {
      Map<WorkerId, List<BundleOnWorker>> found = new HashMap<>();
      images.onWorkers.forEach((worker, states) -> {
        List<BundleOnWorker> named =
            states.stream().filter(state -> bundles.contains(state.bundle())).toList();
        if (!named.isEmpty() && there.test(worker)) {
          found.put(worker, named);
        }
      });
      return found;
    }
  }
}
