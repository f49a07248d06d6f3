package dev.mayfly.server.http;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.JobId;
import dev.mayfly.api.Label;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.rest.AttemptView;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.api.rest.PhaseView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.EndRequest;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobLimits;
import dev.mayfly.core.job.JobProgress;
import dev.mayfly.core.job.JobSpec;
import dev.mayfly.core.job.Workload;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Shows jobs and their attempts as REST records. */
class JobViews {
  private final WorkerStore workers;
  private final Explanations explanations;

  JobViews(WorkerStore workers, Explanations explanations) {
    this.workers = workers;
    this.explanations = explanations;
  }

  JobView job(Job job) {
    return jobs(List.of(job)).getFirst();
  }

  List<JobView> jobs(List<Job> jobs) {
    Map<WorkerId, String> names = new HashMap<>();
    Map<JobId, String> reasons = explanations.lines(jobs);
    return jobs.stream().map(job -> view(job, names, reasons.get(job.id()))).toList();
  }

  /** Attempts of one job. */
  List<AttemptView> attempts(Job job, List<Attempt> attempts) {
    Map<WorkerId, String> names = new HashMap<>();
    return attempts.stream()
        .map(attempt -> view(job, attempt, name(attempt.worker(), names)))
        .toList();
  }

  private String name(WorkerId worker, Map<WorkerId, String> names) {
    return names.computeIfAbsent(
        worker, id -> workers.find(id).map(Worker::name).orElse(id.toString()));
  }

  private JobView view(Job job, Map<WorkerId, String> names, @Nullable String because) {
    JobSpec spec = job.spec();
    JobLimits limits = spec.limits();
    Attempt attempt = job.attempt();
    JobProgress.Queued queued = job.progress() instanceof JobProgress.Queued waits ? waits : null;
    JobProgress.Finished finished =
        job.progress() instanceof JobProgress.Finished ended ? ended : null;
    EndRequest end = job.endRequest();
    Instant sessionUntil = finished == null ? job.sessionUntil() : null;
    return new JobView(
        job.id().toString(),
        job.state().name(),
        spec.image().value(),
        spec.bundle().map(BundleDigest::value).orElse(null),
        spec.bundle().isPresent() ? spec.demand().architecture() : null,
        workload(spec.workload()),
        spec.command(),
        spec.workingDirectory(),
        spec.user(),
        Views.shape(spec.shape()),
        spec.demand().labels().stream().map(Label::value).toList(),
        spec.network().name(),
        spec.demand().project().value(),
        spec.demand().priority().name(),
        seconds(limits.run()),
        seconds(limits.queue()),
        limits.attempts(),
        limits.logBytes(),
        Views.time(job.submittedAt()),
        queued == null ? null : Views.time(queued.since()),
        queued == null || !queued.notBefore().isAfter(queued.since())
            ? null
            : Views.time(queued.notBefore()),
        because,
        job.cancelRequested(),
        end == null ? null : endRequest(end),
        sessionUntil == null ? null : Views.time(sessionUntil),
        attempt == null ? null : name(attempt.worker(), names),
        finished == null ? null : outcome(finished.outcome()),
        phases(job, attempt),
        job.attempts(),
        job.tries().faults(),
        attempt == null ? 0 : attempt.log().bytes(),
        attempt == null ? null : attempt.vmm(),
        attempt == null ? null : attempt.guestKernel(),
        attempt == null ? 0 : attempt.peakMemoryKib());
  }

  private static String workload(Workload workload) {
    return switch (workload) {
      case Workload.Batch _ -> "BATCH";
      case Workload.Session _ -> "SESSION";
    };
  }

  private static String endRequest(EndRequest request) {
    return switch (request) {
      case EndRequest.Cancel _ -> "CANCEL";
      case EndRequest.Release _ -> "RELEASE";
      case EndRequest.Abandon _ -> "ABANDON";
    };
  }

  private static int seconds(Duration duration) {
    return Math.toIntExact(duration.toSeconds());
  }

  private static AttemptView view(Job job, Attempt attempt, String worker) {
    AttemptState.Finished finished =
        attempt.state() instanceof AttemptState.Finished ended ? ended : null;
    return new AttemptView(
        attempt.id().number(),
        worker,
        state(attempt.state()),
        finished != null && finished.refused(),
        Views.time(attempt.placedAt()),
        phases(job, reached(attempt)),
        finished == null ? null : outcome(finished.outcome()),
        attempt.vmm(),
        attempt.guestKernel(),
        attempt.peakMemoryKib(),
        attempt.log().bytes(),
        attempt.log().removedAt() != null);
  }

  private static String state(AttemptState state) {
    return switch (state) {
      case AttemptState.Placed _ -> "PLACED";
      case AttemptState.Preparing _ -> "PREPARING";
      case AttemptState.Running _ -> "RUNNING";
      case AttemptState.Finished _ -> "FINISHED";
    };
  }

  private static List<PhaseView> phases(Job job, @Nullable Attempt attempt) {
    Map<Phase, Instant> reached = attempt == null ? new EnumMap<>(Phase.class) : reached(attempt);
    reached.put(Phase.QUEUED, job.submittedAt());
    if (attempt == null && job.progress() instanceof JobProgress.Finished(var _, Instant at)) {
      reached.put(Phase.ENDED, at);
    }
    return phases(job, reached);
  }

  private static Map<Phase, Instant> reached(Attempt attempt) {
    Map<Phase, Instant> reached = new EnumMap<>(Phase.class);
    reached.put(Phase.PLACED, attempt.placedAt());
    reached.putAll(attempt.phases());
    return reached;
  }

  private static List<PhaseView> phases(Job job, Map<Phase, Instant> reached) {
    List<PhaseView> phases = new ArrayList<>();
    reached.forEach((phase, at) ->
        phases.add(
            new PhaseView(
                phase.name(), Views.time(at), ChronoUnit.MICROS.between(job.submittedAt(), at))));
    return phases;
  }

  static OutcomeView outcome(Outcome outcome) {
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
}
