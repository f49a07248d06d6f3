package dev.mayfly.core.placement;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.image.BundleSupply;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobStore.ProjectUse;
import dev.mayfly.core.quota.Quotas;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Plans one pass: which of the first waiting jobs go to which worker. Pure. */
final class PlacementPlanner {

  /** What a plan is made from, read at about the same time. */
  record Situation(
      List<Job> heads,
      FleetView fleet,
      Quotas quotas,
      Map<ProjectName, ProjectUse> use,
      BundleSupply supply) {
    Situation {
      heads = List.copyOf(heads);
      use = Map.copyOf(use);
    }

    /**
     * Reads the supply of the bundles that jobs among the heads need and some worker lacks: mostly
     * none, so that it mostly costs nothing.
     */
    static Situation of(
        List<Job> heads,
        FleetView fleet,
        Quotas quotas,
        Map<ProjectName, ProjectUse> use,
        BundleSupply.Source supplies) {
      return new Situation(
          heads,
          fleet,
          quotas,
          use,
          supplies.of(lacking(heads.stream().map(job -> job.spec().demand()), fleet)));
    }

    /** The bundles that some worker that takes work lacks. */
    static Set<BundleDigest> lacking(Stream<Demand> demands, FleetView fleet) {
      return demands
          .flatMap(demand -> demand.bundle().stream())
          .distinct()
          .filter(bundle ->
              fleet.members().stream()
                  .map(FleetView.Member::worker)
                  .anyMatch(worker -> worker.takesWork() && !worker.bundles().contains(bundle)))
          .collect(Collectors.toSet());
    }
  }

  record Choice(Job job, WorkerId worker) {}

  /**
   * What is to be done.
   *
   * @param choices in the order they are to be committed
   * @param held workers kept free, and for which demand
   * @param unfit demands of jobs looked at that no worker could take even if it had room
   * @param complete every head was looked at
   */
  record Plan(
      List<Choice> choices, Map<WorkerId, Demand> held, Set<Demand> unfit, boolean complete) {
    Plan {
      choices = List.copyOf(choices);
      held = Map.copyOf(held);
      unfit = Set.copyOf(unfit);
    }
  }

  private PlacementPlanner() {}

  /**
   * @param silentSince who was last heard of before this gets no work
   * @param limit of choices
   */
  static Plan plan(Situation situation, Instant silentSince, int limit) {
    QueuePolicy queue =
        new QueuePolicy(situation.heads(), situation.fleet(), situation.quotas(), situation.use());
    PlacementPolicy placement =
        new PlacementPolicy(situation.fleet(), situation.quotas(), situation.supply(), silentSince);
    List<Choice> choices = new ArrayList<>();
    Set<Demand> unfit = new HashSet<>();
    Optional<Job> next = queue.next();
    while (next.isPresent() && choices.size() < limit) {
      Job job = next.get();
      switch (placement.decide(job.spec().demand(), failedOn(job))) {
        case PlacementDecision.Place(WorkerId worker) -> {
          choices.add(new Choice(job, worker));
          queue.placed(job);
        }
        case PlacementDecision.Wait(int eligible) -> {
          if (eligible == 0) {
            unfit.add(job.spec().demand());
          }
        }
      }
      next = queue.next();
    }
    return new Plan(choices, placement.held(), unfit, next.isEmpty());
  }

  /** Where the job's last attempt met a fault. */
  private static @Nullable WorkerId failedOn(Job job) {
    Attempt last = job.attempt();
    return last != null
            && last.state() instanceof AttemptState.Finished finished
            && finished.outcome() instanceof Outcome.Faulted
        ? last.worker()
        : null;
  }
}
