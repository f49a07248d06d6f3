package dev.mayfly.core.fleet;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.Label;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.WorkerPoolName;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/**
 * A worker host as it registered itself.
 *
 * @param name for people, not unique
 * @param capacity what it offers to microVMs in all
 * @param bundles verified and ready to boot on it
 * @param labels what it can be selected by; its pool is one of them, as {@code pool=NAME}
 * @param pool the worker pool it belongs to, which places by one strategy
 * @param builder images can be built on it
 * @param duty whether it is meant to take work; set by people and by quarantine, never by the
 *     worker
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
    Set<Label> labels,
    WorkerPoolName pool,
    boolean builder,
    Duty duty,
    Instant lastSeenAt) {

  public Worker {
    vmms = List.copyOf(vmms);
    bundles = Set.copyOf(bundles);
    labels = Set.copyOf(labels);
  }

  /** It is there and meant to take work; only then may a placement on it be committed. */
  public boolean takesWork() {
    return WorkerMachine.takesWork(state, duty);
  }

  public Worker withState(WorkerState next, Instant seen) {
    return with(next, duty, bundles, seen);
  }

  public Worker withDuty(Duty next) {
    return with(state, next, bundles, lastSeenAt);
  }

  public Worker withBundles(Set<BundleDigest> ready) {
    return with(state, duty, ready, lastSeenAt);
  }

  private Worker with(
      WorkerState nextState, Duty nextDuty, Set<BundleDigest> nextBundles, Instant seen) {
    return new Worker(
        id,
        name,
        nextState,
        version,
        architecture,
        hostKernel,
        capacity,
        vmms,
        nextBundles,
        labels,
        pool,
        builder,
        nextDuty,
        seen);
  }

  public boolean hasUsableVmm() {
    return vmms.stream().anyMatch(Vmm::usable);
  }
}
