package dev.mayfly.core.placement;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.Outcome;
import dev.mayfly.core.fleet.FleetReconciler;
import dev.mayfly.core.fleet.InMemoryWorkerStore;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.image.BundleSupply;
import dev.mayfly.core.image.FirstUsePolicy;
import dev.mayfly.core.image.ImageBuildDesk;
import dev.mayfly.core.image.ImageBuildReconciler;
import dev.mayfly.core.image.InMemoryBundleOnWorkerStore;
import dev.mayfly.core.image.InMemoryBundleStore;
import dev.mayfly.core.image.InMemoryImageBuildStore;
import dev.mayfly.core.image.InMemoryImagePolicyStore;
import dev.mayfly.core.image.InMemoryImageStore;
import dev.mayfly.core.image.InMemoryImages;
import dev.mayfly.core.image.StoredBundle;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptEvent;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.job.Examples;
import dev.mayfly.core.job.ImageWaitReconciler;
import dev.mayfly.core.job.InMemoryDatabase;
import dev.mayfly.core.job.InMemoryJobStore;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobDesk;
import dev.mayfly.core.job.JobIds;
import dev.mayfly.core.job.LeaseReconciler;
import dev.mayfly.core.job.ManualClock;
import dev.mayfly.core.job.SessionReconciler;
import dev.mayfly.core.job.Submission;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.quota.AdmissionPolicy;
import dev.mayfly.core.quota.InMemoryQuotaStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;

/** The control plane's core over in-memory stores and a clock that a test moves. */
final class Engine {
  final ManualClock clock = new ManualClock();
  final InMemoryDatabase database = new InMemoryDatabase();
  final InMemoryJobStore jobs = new InMemoryJobStore(database);
  final InMemoryWorkerStore workers = new InMemoryWorkerStore(database);
  final InMemoryImages shared = new InMemoryImages(Set::of);
  final InMemoryImageStore images = new InMemoryImageStore(shared);
  final InMemoryBundleStore bundles = new InMemoryBundleStore(shared);
  final InMemoryImageBuildStore builds = new InMemoryImageBuildStore(database, images, bundles);
  final BundleSupply.Source supplies =
      BundleSupply.Source.over(
          bundles,
          new InMemoryBundleOnWorkerStore(
              shared, database.workers::containsKey, database.workers::containsKey));
  final Random random = new Random(1);
  final ImageBuildDesk buildDesk =
      new ImageBuildDesk(
          builds,
          new InMemoryImagePolicyStore(shared),
          new FirstUsePolicy(Set.of("java:25"), FirstUsePolicy.DEFAULT),
          () -> new UUID(random.nextLong(), random.nextLong()),
          clock);
  final InMemoryQuotaStore quotas = new InMemoryQuotaStore(database);
  final InMemoryExplanationStore explanations = new InMemoryExplanationStore(database);
  final JobDesk desk =
      new JobDesk(
          jobs,
          images,
          buildDesk,
          AdmissionPolicy.DEFAULT,
          new JobIds(clock, new Random(1)),
          clock);
  final PlacementReconciler placement =
      new PlacementReconciler(jobs, workers, quotas, supplies, LeasePolicy.DEFAULT, clock);
  final ExplanationReconciler explaining =
      new ExplanationReconciler(
          jobs, workers, quotas, supplies, builds, explanations, LeasePolicy.DEFAULT, clock);
  final ImageBuildReconciler building =
      new ImageBuildReconciler(builds, images, workers, LeasePolicy.DEFAULT, clock);
  final ImageWaitReconciler imageWaits =
      new ImageWaitReconciler(jobs, images, builds, buildDesk, clock);
  final QueueTimeoutReconciler queueTimeouts =
      new QueueTimeoutReconciler(jobs, explanations, clock);
  final SessionReconciler sessions = new SessionReconciler(jobs, clock);
  final LeaseReconciler leases = new LeaseReconciler(jobs, clock);
  final FleetReconciler fleet = new FleetReconciler(workers, LeasePolicy.DEFAULT, clock);

  /** Submits through the desk; the image need not be known. */
  Submission submit(ImageRef image) {
    return desk.submit(
        image,
        known ->
            Examples.spec(
                known
                    .map(there ->
                        Examples.awaiting(image).with(there.bundle(), there.architecture()))
                    .orElse(Examples.awaiting(image)),
                Examples.BATCH,
                Examples.LIMITS),
        null);
  }

  /** Stores a bundle, as a builder does before it says that it is done. */
  BundleDigest stored(ImageRef image, BundleDigest digest) {
    bundles.put(
        new StoredBundle(
            digest,
            new byte[] {1},
            Map.of(),
            image,
            "x86_64",
            4711,
            "sha256:" + "c".repeat(64),
            List.of(),
            clock.instant()),
        _ -> List.of());
    return digest;
  }

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
