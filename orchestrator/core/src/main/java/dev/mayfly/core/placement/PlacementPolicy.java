package dev.mayfly.core.placement;

import dev.mayfly.api.Shape;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.JobSpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Chooses the worker for a job. Pure. Hard fit over CPUs, memory and scratch; the worker must be
 * online, heard of lately, have a VMM that works and the bundle. Among those that fit, the one with
 * most left free.
 */
public final class PlacementPolicy {

  /** More workers than this are counted, not explained one by one. */
  private static final int MAX_EXPLAINED_WORKERS = 8;

  private static final Comparator<FleetView.Member> MOST_FREE =
      Comparator.<FleetView.Member>comparingInt(member -> member.free().cpus())
          .thenComparingInt(member -> member.free().memoryMib())
          .thenComparing(member -> member.worker().id().value());

  /** What stands in a job's way at a worker, the soonest to pass first: people read these first. */
  private enum Nearness {
    BUSY,
    HELD,
    TOO_SMALL,
    WITHOUT_IMAGE,
    WITHOUT_VMM,
    SILENT,
    LEFT
  }

  private record Obstacle(Nearness nearness, String worker, String text) {}

  private PlacementPolicy() {}

  /**
   * Chooses a worker, or says why none can take the job now.
   *
   * @param silentSince who was last heard of before this gets no work
   */
  public static PlacementDecision decide(JobSpec job, FleetView fleet, Instant silentSince) {
    List<FleetView.Member> fitting = new ArrayList<>();
    List<FleetView.Member> tooBusy = new ArrayList<>();
    List<Obstacle> obstacles = new ArrayList<>();
    for (FleetView.Member member : fleet.members()) {
      String name = member.worker().name();
      Optional<Obstacle> unfit = whyNever(job, member.worker(), silentSince);
      if (unfit.isPresent()) {
        obstacles.add(unfit.get());
      } else if (!member.free().holds(job.shape())) {
        tooBusy.add(member);
        obstacles.add(new Obstacle(Nearness.BUSY, name, whyNotNow(job.shape(), member)));
      } else if (member.held()) {
        obstacles.add(
            new Obstacle(Nearness.HELD, name, "is kept free for a job that came earlier"));
      } else {
        fitting.add(member);
      }
    }
    if (!fitting.isEmpty()) {
      FleetView.Member best = fitting.stream().max(MOST_FREE).orElseThrow();
      return new PlacementDecision.Place(best.worker().id());
    }
    return new PlacementDecision.Wait(
        explain(obstacles),
        tooBusy.stream().max(MOST_FREE).map(member -> member.worker().id()).orElse(null));
  }

  /** Why this worker, as it is, would not take the job even with nothing on it. */
  private static Optional<Obstacle> whyNever(JobSpec job, Worker worker, Instant silentSince) {
    if (worker.state() == WorkerState.LEFT) {
      return obstacle(Nearness.LEFT, worker, "has left");
    }
    if (worker.state() == WorkerState.SILENT || worker.lastSeenAt().isBefore(silentSince)) {
      return obstacle(Nearness.SILENT, worker, "is not connected");
    }
    if (!worker.hasUsableVmm()) {
      return obstacle(Nearness.WITHOUT_VMM, worker, "has no VMM that works");
    }
    if (!worker.bundles().contains(job.bundle())) {
      return obstacle(Nearness.WITHOUT_IMAGE, worker, "does not have the image " + job.image());
    }
    if (!worker.capacity().holds(job.shape())) {
      return obstacle(
          Nearness.TOO_SMALL,
          worker,
          "is too small: " + missing(job.shape(), worker.capacity(), "has"));
    }
    return Optional.empty();
  }

  private static Optional<Obstacle> obstacle(Nearness nearness, Worker worker, String text) {
    return Optional.of(new Obstacle(nearness, worker.name(), text));
  }

  private static String whyNotNow(Shape shape, FleetView.Member member) {
    return "is busy: " + missing(shape, member.free(), "has free");
  }

  private static String missing(Shape asked, Capacity there, String has) {
    List<String> parts = new ArrayList<>();
    if (there.cpus() < asked.cpus()) {
      parts.add(has + " " + there.cpus() + " of " + asked.cpus() + " CPUs");
    }
    if (there.memoryMib() < asked.memoryMib()) {
      parts.add(has + " " + there.memoryMib() + " of " + asked.memoryMib() + " MiB memory");
    }
    if (there.scratchMib() < asked.scratchMib()) {
      parts.add(has + " " + there.scratchMib() + " of " + asked.scratchMib() + " MiB scratch");
    }
    return String.join(", ", parts);
  }

  private static String explain(List<Obstacle> obstacles) {
    if (obstacles.isEmpty()) {
      return "No worker has joined yet.";
    }
    String text =
        obstacles.stream()
            .sorted(Comparator.comparing(Obstacle::nearness))
            .limit(MAX_EXPLAINED_WORKERS)
            .map(obstacle -> "Worker " + obstacle.worker() + " " + obstacle.text() + ".")
            .collect(Collectors.joining(" "));
    int more = obstacles.size() - MAX_EXPLAINED_WORKERS;
    return more > 0 ? text + " None of " + more + " more can take it either." : text;
  }
}
