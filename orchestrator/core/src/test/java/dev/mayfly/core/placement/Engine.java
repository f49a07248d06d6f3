package dev.mayfly.core.placement;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.core.fleet.FleetReconciler;
import dev.mayfly.core.fleet.InMemoryWorkerStore;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.image.InMemoryImageStore;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptEvent;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.job.Examples;
import dev.mayfly.core.job.InMemoryDatabase;
import dev.mayfly.core.job.InMemoryJobStore;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobDesk;
import dev.mayfly.core.job.JobIds;
import dev.mayfly.core.job.LeaseReconciler;
import dev.mayfly.core.job.ManualClock;
import dev.mayfly.core.job.SessionReconciler;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.quota.AdmissionPolicy;
import dev.mayfly.core.quota.InMemoryQuotaStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The control plane's core over in-memory stores and a clock that a test moves. */
final class Engine {
  final ManualClock clock = new ManualClock();
  final InMemoryDatabase database = new InMemoryDatabase();
  final InMemoryJobStore jobs = new InMemoryJobStore(database);
  final InMemoryWorkerStore workers = new InMemoryWorkerStore(database);
  final InMemoryImageStore images = new InMemoryImageStore();
  final InMemoryQuotaStore quotas = new InMemoryQuotaStore(database);
  final InMemoryExplanationStore explanations = new InMemoryExplanationStore(database);
  final JobDesk desk =
      new JobDesk(jobs, images, AdmissionPolicy.DEFAULT, new JobIds(clock, new Random(1)), clock);
  final PlacementReconciler placement =
      new PlacementReconciler(jobs, workers, quotas, LeasePolicy.DEFAULT, clock);
  final ExplanationReconciler explaining =
      new ExplanationReconciler(jobs, workers, quotas, explanations, LeasePolicy.DEFAULT, clock);
  final QueueTimeoutReconciler queueTimeouts =
      new QueueTimeoutReconciler(jobs, explanations, clock);
  final SessionReconciler sessions = new SessionReconciler(jobs, clock);
  final LeaseReconciler leases = new LeaseReconciler(jobs, clock);
  final FleetReconciler fleet = new FleetReconciler(workers, LeasePolicy.DEFAULT, clock);

  Job submit(Demand demand) {
    return submit(Examples.job(clock.instant(), demand));
  }

  Job submit(Job job) {
    jobs.submit(job, null);
    return job;
  }

  Job read(Job job) {
    return jobs.find(job.id()).orElseThrow();
  }

  /** Registers workers that were heard of just now. */
  void join(Fleets.Builder... builders) {
    for (Fleets.Builder builder : builders) {
      workers.register(builder.seen(clock.instant()).build());
    }
  }

  /** Moves the clock on; every worker goes on beating. */
  void advance(Duration duration) {
    clock.advance(duration);
    for (Worker worker : List.copyOf(database.workers.values())) {
      workers.heartbeat(worker.id(), clock.instant(), java.util.Set.of());
    }
  }

  /** Lets the current attempt of a job end with a fault that its worker reports. */
  void fail(Job job, FaultCode code) {
    end(job, new Outcome.Faulted(code, "It broke."));
  }

  void end(Job job, Outcome outcome) {
    Attempt attempt = read(job).currentAttempt();
    desk.onAttempt(
        attempt.id(),
        attempt.lease().epoch(),
        new AttemptEvent.Reported(
            attempt.reportNumber() + 1,
            Map.of(),
            new AttemptEvent.Change.Finished(outcome, 0, 0, clock.instant())));
  }

  /** Why the job waits, in one line, worked out now. */
  String why(Job job) {
    explaining.reconcile();
    return ExplanationText.line(explanation(job));
  }

  Explanation explanation(Job job) {
    String key = job.spec().demand().key();
    Explanation found = explanations.find(List.of(key)).get(key);
    if (found == null) {
      throw new AssertionError("no explanation of " + key);
    }
    return found;
  }
}
