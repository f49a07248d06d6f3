package dev.mayfly.core.job;

import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.core.placement.ExplanationStore;
import dev.mayfly.core.quota.QuotaStore;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;

/** Empty stores with one worker, and the steps of a job's life in them. */
abstract class StoreFixture {
  JobStore jobs;
  WorkerStore workers;
  ImageStore images;
  LogStore logs;
  QuotaStore quotas;
  ExplanationStore explanations;

  /** 4 CPUs, 8192 MiB, 40960 MiB scratch. */
  final Worker worker = Examples.worker("host-1", NOON);

  abstract StoreContract.Stores stores();

  @BeforeEach
  void open() {
    StoreContract.Stores stores = stores();
    jobs = stores.jobs();
    workers = stores.workers();
    images = stores.images();
    logs = stores.logs();
    quotas = stores.quotas();
    explanations = stores.explanations();
    workers.register(worker);
  }

  final Job submitted() {
    return submitted(Examples.job(NOON));
  }

  final Job submitted(Job job) {
    assertThat(jobs.submit(job, null)).isEqualTo(new Submission.Accepted(job));
    return job;
  }

  final Job placed() {
    return placed(submitted());
  }

  final Job placed(Job job) {
    JobStore.Placement placement = placement(job, worker);
    assertThat(jobs.commitPlacements(List.of(placement))).containsExactly(job.id());
    return placement.after();
  }

  static JobStore.Placement placement(Job job, Worker on) {
    return placement(job, on, NOON);
  }

  static JobStore.Placement placement(Job job, Worker on, Instant at) {
    JobStep step = JobMachine.apply(job, new JobEvent.Placed(on.id(), LeasePolicy.DEFAULT, at));
    return new JobStore.Placement(job, ((JobStep.Changed) step).job());
  }

  final Job apply(Job job, AttemptEvent event) {
    Attempt attempt = job.currentAttempt();
    return commit(job, new JobEvent.OnAttempt(attempt.id(), attempt.lease().epoch(), event));
  }

  final Job commit(Job job, JobEvent event) {
    Job after = ((JobStep.Changed) JobMachine.apply(job, event)).job();
    assertThat(jobs.commit(job, after)).isTrue();
    return after;
  }

  final Job finish(Job job, long logChunks) {
    return end(job, new Outcome.Exited(3), logChunks, NOON);
  }

  final Job fault(Job job, FaultCode code, Instant at) {
    return end(job, new Outcome.Faulted(code, "It broke."), 0, at);
  }

  final Job end(Job job, Outcome outcome, long logChunks, Instant at) {
    return apply(
        job,
        new AttemptEvent.Reported(
            1,
            Map.of(Phase.ENDED, 5L),
            new AttemptEvent.Change.Finished(outcome, logChunks, 77, at)));
  }

  static JobStore.Claim claim(Job job) {
    Attempt attempt = job.currentAttempt();
    return new JobStore.Claim(attempt.id(), attempt.lease().epoch());
  }

  final Job read(Job job) {
    return jobs.find(job.id()).orElseThrow();
  }
}
