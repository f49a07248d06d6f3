package dev.mayfly.core.placement;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.Label;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.image.BundleSupply;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.quota.PoolStrategy;
import dev.mayfly.core.quota.Quotas;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/**
 * Chooses workers for one job after another, each seeing what those before it took. Pure; made for
 * one pass over one view of the fleet and thrown away. Not thread-safe.
 *
 * <p>A worker must pass every rule of {@link FitPolicy} and have the room. Among those that do, the
 * one that has the bundle, before one that fetches it already, before one that would have to; of
 * these the one that another pass would choose too: by the strategy of its pool, then by its place
 * in the view. A job too big for what is free holds the worker that lacks least, so that smaller
 * jobs after it do not keep it waiting for ever.
 */
public final class PlacementPolicy {

  /**
   * Of the workers that take work at most one in so many is held, and one at least: holding leaves
   * room unused, so a queue of many different big jobs must not stop the small ones everywhere.
   */
  private static final int WORKERS_PER_HOLD = 4;

  /** The bundle counts before any share of a worker, which is between -1 and 1. */
  private static final double BUNDLE_WEIGHT = 4;

  private static final double NO_SCORE = Double.NEGATIVE_INFINITY;

  /** What of a demand, besides its shape, decides which workers suit; many jobs share it. */
  private record Kind(String architecture, Optional<BundleDigest> bundle, SortedSet<Label> labels) {
    static Kind of(Demand demand) {
      return new Kind(demand.architecture(), demand.bundle(), demand.labels());
    }
  }

  /** A kind in one shape. */
  private record Request(Kind kind, Shape shape) {}

  /** A worker with what is free on it; the only thing here that changes. */
  private static final class Host {
    final Worker worker;
    final boolean packs;
    int freeCpus;
    int freeMemoryMib;
    int freeScratchMib;
    boolean held;

    Host(FleetView.Member member, PoolStrategy strategy) {
      worker = member.worker();
      packs = strategy == PoolStrategy.PACK;
      Capacity free = member.free();
      freeCpus = free.cpus();
      freeMemoryMib = free.memoryMib();
      freeScratchMib = free.scratchMib();
    }

    boolean holds(Shape shape) {
      return freeCpus >= shape.cpus()
          && freeMemoryMib >= shape.memoryMib()
          && freeScratchMib >= shape.scratchMib();
    }

    void take(Shape shape) {
      freeCpus -= shape.cpus();
      freeMemoryMib -= shape.memoryMib();
      freeScratchMib -= shape.scratchMib();
    }

    /** The share of the worker that is free of what is scarcest on it, 0 to 1. */
    double freeShare() {
      return Math.min(
          (double) freeCpus / worker.capacity().cpus(),
          (double) freeMemoryMib / worker.capacity().memoryMib());
    }

    /** How much of what the shape needs is there, of what lacks most; below 1 when it is busy. */
    double covers(Shape shape) {
      return Math.min(
          Math.min((double) freeCpus / shape.cpus(), (double) freeMemoryMib / shape.memoryMib()),
          (double) freeScratchMib / shape.scratchMib());
    }
  }

  private final List<Host> hosts = new ArrayList<>();
  private final Map<Kind, List<Host>> suitable = new HashMap<>();

  /**
   * Requests that found no room, and how many workers could take one if they had it. Room only
   * shrinks within a pass: what found none finds none later.
   */
  private final Map<Request, Integer> hopeless = new HashMap<>();

  private final Map<WorkerId, Demand> held = new HashMap<>();
  private final BundleSupply supply;
  private final Instant silentSince;

  /**
   * @param supply of the bundles that workers may lack
   * @param silentSince who was last heard of before this gets no work
   */
  public PlacementPolicy(FleetView fleet, Quotas quotas, BundleSupply supply, Instant silentSince) {
    this.supply = supply;
    this.silentSince = silentSince;
    for (FleetView.Member member : fleet.members()) {
      if (member.worker().takesWork()) {
        hosts.add(new Host(member, quotas.strategy(member.worker().pool())));
      }
    }
  }

  /**
   * Chooses a worker and takes the room on it, or holds one for the job.
   *
   * @param avoid where the job failed last: chosen only when no other has room; null: none
   */
  public PlacementDecision decide(Demand demand, @Nullable WorkerId avoid) {
    Kind kind = Kind.of(demand);
    Request request = new Request(kind, demand.shape());
    Integer known = hopeless.get(request);
    if (known != null) {
      return new PlacementDecision.Wait(known);
    }
    List<Host> candidates = suitable.computeIfAbsent(kind, _ -> suitable(demand));
    Host best = best(candidates, demand, avoid);
    if (best == null) {
      List<Host> eligible =
          candidates.stream().filter(host -> host.worker.capacity().holds(demand.shape())).toList();
      hopeless.put(request, eligible.size());
      hold(eligible, demand);
      return new PlacementDecision.Wait(eligible.size());
    }
    best.take(demand.shape());
    return new PlacementDecision.Place(best.worker.id());
  }

  /** Workers kept free, and the demand each is kept free for. */
  public Map<WorkerId, Demand> held() {
    return Map.copyOf(held);
  }

  private List<Host> suitable(Demand demand) {
    return hosts.stream()
        .filter(host -> FitPolicy.suits(demand, host.worker, supply, silentSince))
        .toList();
  }

  private @Nullable Host best(List<Host> hosts, Demand demand, @Nullable WorkerId avoid) {
    Host best = null;
    Host avoided = null;
    double bestScore = NO_SCORE;
    for (Host host : hosts) {
      if (host.held || !host.holds(demand.shape())) {
        continue;
      }
      if (host.worker.id().equals(avoid)) {
        avoided = host;
        continue;
      }
      double score =
          BUNDLE_WEIGHT * nearness(host.worker, demand)
              + (host.packs ? -host.freeShare() : host.freeShare());
      if (score > bestScore) {
        best = host;
        bestScore = score;
      }
    }
    return best == null ? avoided : best;
  }

  /**
   * How soon the worker could boot the bundle: 2 it has it, 1 it fetches it, 0 it would have to.
   */
  private int nearness(Worker worker, Demand demand) {
    BundleDigest bundle = demand.bundle().orElse(null);
    if (bundle == null) {
      return 0;
    }
    if (worker.bundles().contains(bundle)) {
      return 2;
    }
    return supply.pulls(worker.id(), bundle) ? 1 : 0;
  }

  private void hold(List<Host> eligible, Demand demand) {
    if (!held.isEmpty() && held.size() >= hosts.size() / WORKERS_PER_HOLD) {
      return;
    }
    Host closest = null;
    double closestCover = NO_SCORE;
    for (Host host : eligible) {
      double cover = host.covers(demand.shape());
      if (!host.held && cover > closestCover) {
        closest = host;
        closestCover = cover;
      }
    }
    if (closest != null) {
      closest.held = true;
      held.put(closest.worker.id(), demand);
    }
  }
}
