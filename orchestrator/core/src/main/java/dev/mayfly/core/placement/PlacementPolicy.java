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

  private PlacementPolicy() {}

  /**
   * Chooses a worker, or says why none can take the job now.
   *
   * @param silentSince who was last heard of before this gets no work
   */
  public static PlacementDecision decide(JobSpec job, FleetView fleet, Instant silentSince) {
    List<FleetView.Member> fitting = new ArrayList<>();
    List<FleetView.Member> tooBusy = new ArrayList<>();
    List<String> reasons = new ArrayList<>();
    for (FleetView.Member member : fleet.members()) {
      Optional<String> unfit = whyNever(job, member.worker(), silentSince);
      if (unfit.isPresent()) {
        reasons.add(unfit.get());
      } else if (!member.free().holds(job.shape())) {
        tooBusy.add(member);
        reasons.add(whyNotNow(job.shape(), member));
      } else if (member.held()) {
        reasons.add("is kept free for a job that came earlier");
      } else {
        fitting.add(member);
        reasons.add("");
      }
    }
    if (!fitting.isEmpty()) {
      FleetView.Member best = fitting.stream().max(MOST_FREE).orElseThrow();
      return new PlacementDecision.Place(best.worker().id());
    }
    return new PlacementDecision.Wait(
        explain(fleet, reasons),
        tooBusy.stream().max(MOST_FREE).map(member -> member.worker().id()).orElse(null));
  }

  /** Why this worker, as it is, would not take the job even with nothing on it. */
  private static Optional<String> whyNever(JobSpec job, Worker worker, Instant silentSince) {
    if (worker.state() == WorkerState.LEFT) {
      return Optional.of("has left");
    }
    if (worker.state() == WorkerState.SILENT || worker.lastSeenAt().isBefore(silentSince)) {
      return Optional.of("is not connected");
    }
    if (!worker.hasUsableVmm()) {
      return Optional.of("has no VMM that works");
    }
    if (!worker.bundles().contains(job.bundle())) {
      return Optional.of("does not have the image " + job.image());
    }
    if (!worker.capacity().holds(job.shape())) {
      return Optional.of("is too small: " + missing(job.shape(), worker.capacity(), "has"));
    }
    return Optional.empty();
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

  private static String explain(FleetView fleet, List<String> reasons) {
    if (reasons.isEmpty()) {
      return "No worker has joined yet.";
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < Math.min(reasons.size(), MAX_EXPLAINED_WORKERS); i++) {
      text.append(i == 0 ? "Worker " : " Worker ")
          .append(fleet.members().get(i).worker().name())
          .append(' ')
          .append(reasons.get(i))
          .append('.');
    }
    if (reasons.size() > MAX_EXPLAINED_WORKERS) {
      text.append(" None of ")
          .append(reasons.size() - MAX_EXPLAINED_WORKERS)
          .append(" more can take it either.");
    }
    return text.toString();
  }
}
