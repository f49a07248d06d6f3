package dev.mayfly.server.http;

import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.api.rest.PhaseView;
import dev.mayfly.api.rest.ShapeView;
import dev.mayfly.api.rest.WorkerView;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobProgress;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Shows the domain as REST records. */
class Views {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private final WorkerStore workers;

  Views(WorkerStore workers) {
    this.workers = workers;
  }

  static String time(Instant instant) {
    return TIME.format(instant);
  }

  JobView job(Job job) {
    return jobs(List.of(job)).getFirst();
  }

  List<JobView> jobs(List<Job> jobs) {
    Map<WorkerId, String> names = new HashMap<>();
    return jobs.stream()
        .map(job -> {
          Attempt attempt = job.attempt();
          String worker =
              attempt == null
                  ? null
                  : names.computeIfAbsent(
                      attempt.worker(),
                      id -> workers.find(id).map(Worker::name).orElse(id.toString()));
          return view(job, attempt, worker);
        })
        .toList();
  }

  private static JobView view(Job job, @Nullable Attempt attempt, @Nullable String worker) {
    return new JobView(
        job.id().toString(),
        job.state().name(),
        job.spec().image().value(),
        job.spec().bundle().value(),
        job.spec().command(),
        job.spec().workingDirectory(),
        job.spec().user(),
        shape(job.spec().shape()),
        job.spec().network().name(),
        Math.toIntExact(job.spec().timeout().toSeconds()),
        time(job.submittedAt()),
        job.progress() instanceof JobProgress.Queued(String because) ? because : null,
        job.cancelRequested(),
        worker,
        job.progress() instanceof JobProgress.Finished(Outcome outcome, var _)
            ? outcome(outcome)
            : null,
        phases(job, attempt),
        job.attempts(),
        attempt == null ? 0 : attempt.log().bytes(),
        attempt == null ? null : attempt.vmm(),
        attempt == null ? null : attempt.guestKernel(),
        attempt == null ? 0 : attempt.peakMemoryKib());
  }

  private static List<PhaseView> phases(Job job, @Nullable Attempt attempt) {
    Map<Phase, Instant> reached = new EnumMap<>(Phase.class);
    reached.put(Phase.QUEUED, job.submittedAt());
    if (attempt != null) {
      reached.put(Phase.PLACED, attempt.placedAt());
      reached.putAll(attempt.phases());
    } else if (job.progress() instanceof JobProgress.Finished(var _, Instant at)) {
      reached.put(Phase.ENDED, at);
    }
    List<PhaseView> phases = new ArrayList<>();
    reached.forEach((phase, at) ->
        phases.add(
            new PhaseView(
                phase.name(), time(at), ChronoUnit.MICROS.between(job.submittedAt(), at))));
    return phases;
  }

  private static OutcomeView outcome(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Exited exited -> new OutcomeView("EXITED", exited.code(), null, null, null);
      case Outcome.Faulted faulted ->
          new OutcomeView(
              "FAULTED",
              null,
              faulted.code().name(),
              faulted.code().blame().name(),
              faulted.detail());
      case Outcome.Cancelled _ -> new OutcomeView("CANCELLED", null, null, null, null);
    };
  }

  private static ShapeView shape(Shape shape) {
    return new ShapeView(shape.cpus(), shape.memoryMib(), shape.scratchMib());
  }

  private static ShapeView shape(Capacity capacity) {
    return new ShapeView(capacity.cpus(), capacity.memoryMib(), capacity.scratchMib());
  }

  List<WorkerView> fleet() {
    return workers.fleet().members().stream().map(Views::worker).toList();
  }

  private static WorkerView worker(FleetView.Member member) {
    Worker worker = member.worker();
    return new WorkerView(
        worker.id().toString(),
        worker.name(),
        worker.state().name(),
        worker.version(),
        worker.architecture(),
        worker.hostKernel(),
        shape(worker.capacity()),
        shape(member.used()),
        worker.vmms().stream()
            .map(vmm ->
                new WorkerView.VmmView(
                    vmm.name(), vmm.version(), vmm.accelerator(), vmm.usable(), vmm.reason()))
            .toList(),
        worker.bundles().stream().map(digest -> digest.value()).sorted().toList(),
        time(worker.lastSeenAt()));
  }

  List<ImageView> images(List<Image> images) {
    FleetView fleet = workers.fleet();
    return images.stream().map(image -> image(image, fleet)).toList();
  }

  private static ImageView image(Image image, FleetView fleet) {
    return new ImageView(
        image.name().value(),
        image.bundle().value(),
        image.architecture(),
        image.sizeBytes(),
        time(image.publishedAt()),
        fleet.members().stream()
            .map(FleetView.Member::worker)
            .filter(worker -> worker.bundles().contains(image.bundle()))
            .map(Worker::name)
            .toList());
  }
}
