package dev.mayfly.core.fleet;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/**
 * A worker host as it registered itself.
 *
 * @param name for people, not unique
 * @param capacity what it offers to microVMs in all
 * @param bundles verified and ready to boot on it
 */
public record Worker(
    WorkerId id,
    String name,
    WorkerState state,
    String version,
    String architecture,
    String hostKernel,
    Capacity capacity,
    List<Vmm> vmms,
    Set<BundleDigest> bundles,
    Instant lastSeenAt) {

  public Worker {
    vmms = List.copyOf(vmms);
    bundles = Set.copyOf(bundles);
  }

  public boolean hasUsableVmm() {
    return vmms.stream().anyMatch(Vmm::usable);
  }
}
