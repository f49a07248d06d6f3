package dev.mayfly.core.image;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Plans what becomes of the open builds: those that wait are given to workers, those whose worker
 * is gone are given up. Pure.
 *
 * <p>A worker builds one image at a time: a build takes all of a host's CPUs and disk as it is, and
 * the jobs on it are meant to go on.
 */
public final class ImageBuildPlanner {

  /** After a build's own limit: its worker enforces that, and may be slow to say so. */
  private static final Duration GRACE = Duration.ofMinutes(5);

  /** One event for one build. */
  public record Change(ImageBuild build, ImageBuildEvent event) {}

  private ImageBuildPlanner() {}

  /**
   * @param open in the order they were asked for
   * @param architectures what names that point somewhere are for; others may be built anywhere
   * @param silentSince who was last heard of before this gets none
   */
  public static List<Change> plan(
      List<ImageBuild> open,
      FleetView fleet,
      Map<ImageRef, String> architectures,
      Instant now,
      Instant silentSince) {
    Map<WorkerId, Worker> workers = new HashMap<>();
    fleet.members().forEach(member -> workers.put(member.worker().id(), member.worker()));
    List<Change> changes = new ArrayList<>();
    List<Worker> free =
        new ArrayList<>(
            fleet.members().stream()
                .map(FleetView.Member::worker)
                .filter(worker -> builds(worker, silentSince))
                .toList());
    for (ImageBuild build : open) {
      if (build.state() instanceof ImageBuildState.Running running) {
        free.removeIf(worker -> worker.id().equals(running.worker()));
        givenUp(running, workers.get(running.worker()), now)
            .ifPresent(event -> changes.add(new Change(build, event)));
      }
    }
    for (ImageBuild build : open) {
      if (build.state() instanceof ImageBuildState.Queued(Optional<WorkerId> lastTried)) {
        Optional<Worker> chosen =
            choose(free, Optional.ofNullable(architectures.get(build.image())), lastTried);
        chosen.ifPresent(worker -> {
          free.remove(worker);
          changes.add(new Change(build, new ImageBuildEvent.Given(worker.id(), now)));
        });
      }
    }
    return changes;
  }

  /** Whether builds may be given to the worker now. */
  public static boolean builds(Worker worker, Instant silentSince) {
    return worker.builder()
        && worker.state() == WorkerState.ONLINE
        && worker.duty() instanceof Duty.Accepting
        && !worker.lastSeenAt().isBefore(silentSince);
  }

  private static Optional<Worker> choose(
      List<Worker> free, Optional<String> architecture, Optional<WorkerId> lastTried) {
    List<Worker> right =
        free.stream()
            .filter(worker ->
                architecture.isEmpty() || worker.architecture().equals(architecture.get()))
            .toList();
    return right.stream()
        .filter(worker -> lastTried.isEmpty() || !worker.id().equals(lastTried.get()))
        .findFirst()
        .or(() -> right.stream().findFirst());
  }

  private static Optional<ImageBuildEvent> givenUp(
      ImageBuildState.Running running, @Nullable Worker worker, Instant now) {
    if (worker == null
        || worker.state() == WorkerState.LOST
        || worker.state() == WorkerState.LEFT) {
      return Optional.of(
          new ImageBuildEvent.Lost(
              running.worker(), "the worker that built it was lost or shut down", now));
    }
    return now.isAfter(running.since().plus(ImageBuild.TIMEOUT).plus(GRACE))
        ? Optional.of(new ImageBuildEvent.TimedOut(now))
        : Optional.empty();
  }
}
