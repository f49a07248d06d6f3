package dev.mayfly.core.image;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Which bundles a worker that lacks them can fetch.
 *
 * @param servable those the orchestrator can serve
 * @param pulling what workers are fetching now
 */
public record BundleSupply(Set<BundleDigest> servable, Map<WorkerId, Set<BundleDigest>> pulling) {
  public static final BundleSupply NONE = new BundleSupply(Set.of(), Map.of());

  public BundleSupply {
    servable = Set.copyOf(servable);
    pulling = Map.copyOf(pulling);
  }

  public boolean serves(BundleDigest bundle) {
    return servable.contains(bundle);
  }

  public boolean pulls(WorkerId worker, BundleDigest bundle) {
    return pulling.getOrDefault(worker, Set.of()).contains(bundle);
  }

  /** Port: reads a supply. */
  @FunctionalInterface
  public interface Source {

    /** Of these bundles only. */
    BundleSupply of(Collection<BundleDigest> bundles);

    static Source over(BundleStore stored, BundleOnWorkerStore onWorkers) {
      return bundles -> {
        if (bundles.isEmpty()) {
          return NONE;
        }
        Map<WorkerId, Set<BundleDigest>> pulling = new HashMap<>();
        onWorkers
            .find(bundles)
            .forEach((worker, states) ->
                states.stream()
                    .filter(state -> state.state() instanceof BundleOnWorker.State.Pulling)
                    .forEach(state ->
                        pulling.computeIfAbsent(worker, _ -> new HashSet<>()).add(state.bundle())));
        return new BundleSupply(stored.servable(bundles), pulling);
      };
    }
  }
}
