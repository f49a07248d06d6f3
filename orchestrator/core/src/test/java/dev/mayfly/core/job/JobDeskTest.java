package dev.mayfly.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.JobState;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.Outcome;
import dev.mayfly.core.fleet.InMemoryWorkerStore;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.image.BundleSupply;
import dev.mayfly.core.image.FirstUsePolicy;
import dev.mayfly.core.image.ImageBuildDesk;
import dev.mayfly.core.image.InMemoryBundleStore;
import dev.mayfly.core.image.InMemoryImageBuildStore;
import dev.mayfly.core.image.InMemoryImagePolicyStore;
import dev.mayfly.core.image.InMemoryImageStore;
import dev.mayfly.core.image.InMemoryImages;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.placement.PlacementReconciler;
import dev.mayfly.core.quota.AdmissionPolicy;
import dev.mayfly.core.quota.InMemoryQuotaStore;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Submission, cancelling, placement and leases together, over the in-memory stores. */
class JobDeskTest {
  private final ManualClock clock = new ManualClock();
  private final InMemoryDatabase database = new InMemoryDatabase();
  private final InMemoryJobStore jobs = new InMemoryJobStore(database);
  private final InMemoryWorkerStore workers = new InMemoryWorkerStore(database);
  private final InMemoryImages shared = new InMemoryImages(Set::of);
  private final InMemoryImageStore images = new InMemoryImageStore(shared);
  private final InMemoryBundleStore bundles = new InMemoryBundleStore(shared);
  private final ImageBuildDesk builds =
      new ImageBuildDesk(
          new InMemoryImageBuildStore(database, images, bundles),
          new InMemoryImagePolicyStore(shared),
          FirstUsePolicy.NONE,
          UUID::randomUUID,
          clock);
  private final JobDesk desk =
      new JobDesk(
          jobs, images, builds, new AdmissionPolicy(2), new JobIds(clock, new Random(1)), clock);
  private final PlacementReconciler placement =
      new PlacementReconciler(
          jobs,
          workers,
          new InMemoryQuotaStore(database),
          _ -> BundleSupply.NONE,
          LeasePolicy.DEFAULT,
          clock);
  private final LeaseReconciler leases = new LeaseReconciler(jobs, clock);

  private Job submit() {
    images.publish(Examples.image(clock.instant()));
    return ((Submission.Accepted) desk.submit(Examples.DEBIAN, _ -> Examples.spec(), null)).job();
  }

  private Job read(Job job) {
    return jobs.find(job.id()).orElseThrow();
  }

  @Test
  void anUnknownImageIsRefused() {
    assertThat(desk.submit(new ImageRef("nope:1"), _ -> Examples.spec(), null))
        .isEqualTo(
            new Submission.UnknownImage(
                "no image is published as nope:1, and images are not built on first use here;"
                    + " GET /api/v1/images lists what there is, and POST /api/v1/image-builds"
                    + " builds one"));
    assertThat(database.jobs).isEmpty();
  }

  @Test
  void theQueueHasACapacityButRepetitionsAreAnswered() {
    images.publish(Examples.image(clock.instant()));
    IdempotencyKey key = new IdempotencyKey("k", "f");
    Submission first = desk.submit(Examples.DEBIAN, _ -> Examples.spec(), key);
    submit();
    assertThat(desk.submit(Examples.DEBIAN, _ -> Examples.spec(), null))
        .isEqualTo(new Submission.QueueFull(2));
    assertThat(desk.submit(Examples.DEBIAN, _ -> Examples.spec(), key))
        .isEqualTo(new Submission.Repeated(((Submission.Accepted) first).job()));
  }

  @Test
  void aJobWaitsUntilAWorkerJoins() {
    Job job = submit();
    assertThat(placement.reconcile()).isZero();
    Worker worker = Examples.worker("w", clock.instant());
    workers.register(worker);
    assertThat(placement.reconcile()).isEqualTo(1);
    assertThat(placement.reconcile()).isZero();
    assertThat(read(job).currentAttempt().worker()).isEqualTo(worker.id());
    assertThat(read(job).currentAttempt().lease().epoch()).isEqualTo(new LeaseEpoch(1));
  }

  @Test
  void aLostWorkerCostsTheJobOneAttempt() {
    Job job = submit();
    workers.register(Examples.worker("w", clock.instant()));
    placement.reconcile();
    clock.advance(LeasePolicy.DEFAULT.leaseDuration().minusMillis(1));
    assertThat(leases.reconcile()).isZero();
    clock.advance(Duration.ofMillis(1));
    assertThat(leases.reconcile()).isEqualTo(1);
    assertThat(leases.reconcile()).isZero();
    assertThat(read(job).tries()).isEqualTo(new Job.Tries(1, 0));
    assertThat(read(job).progress())
        .isEqualTo(
            new JobProgress.Queued(clock.instant(), clock.instant().plus(RetryPolicy.FIRST_PAUSE)));
    assertThat(jobs.attempts(job.id()).getFirst().state())
        .isInstanceOfSatisfying(
            AttemptState.Finished.class,
            finished ->
                assertThat(finished.outcome())
                    .isInstanceOfSatisfying(
                        Outcome.Faulted.class,
                        faulted -> assertThat(faulted.code()).isEqualTo(FaultCode.WORKER_LOST)));
  }

  @Test
  void cancellingIsIdempotentInEveryState() {
    Job queued = submit();
    assertThat(desk.cancel(queued.id()).orElseThrow().state()).isEqualTo(JobState.FINISHED);
    assertThat(desk.cancel(queued.id())).contains(read(queued));
    Job active = submit();
    workers.register(Examples.worker("w", clock.instant()));
    placement.reconcile();
    assertThat(desk.cancel(active.id()).orElseThrow().cancelRequested()).isTrue();
    assertThat(desk.cancel(active.id())).contains(read(active));
    assertThat(read(active).state()).isEqualTo(JobState.ACTIVE);
    assertThat(desk.cancel(Examples.id())).isEmpty();
  }

  @Test
  void whatIsSaidOfAnUnknownJobIsNothing() {
    assertThat(
            desk.onAttempt(
                new AttemptId(Examples.id(), 1),
                new LeaseEpoch(1),
                new AttemptEvent.LeaseExpired(clock.instant())))
        .isEmpty();
  }

  @Test
  void placementsFillAWorkerAndNoMore() {
    workers.register(
        Examples.worker("w", new dev.mayfly.core.fleet.Capacity(2, 1024, 8192), clock.instant()));
    List<Job> both = List.of(submit(), submit());
    assertThat(placement.reconcile()).isEqualTo(2);
    Job third = submit();
    assertThat(placement.reconcile()).isZero();
    assertThat(both).allSatisfy(job -> assertThat(read(job).state()).isEqualTo(JobState.ACTIVE));
    assertThat(read(third)).isEqualTo(third);
  }
}
