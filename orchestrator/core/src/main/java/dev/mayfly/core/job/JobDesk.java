package dev.mayfly.core.job;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildDesk;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.quota.AdmissionPolicy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Takes what users and workers say about jobs and commits what the machines make of it.
 * Thread-safe; idempotent as the machines are.
 */
public final class JobDesk {

  /** Others commit to one job a few times a second at most, so one of these tries is alone. */
  private static final int MAX_COMMIT_TRIES = 16;

  private final JobStore jobs;
  private final ImageStore images;
  private final ImageBuildDesk builds;
  private final AdmissionPolicy admission;
  private final JobIds ids;
  private final InstantSource clock;

  public JobDesk(
      JobStore jobs,
      ImageStore images,
      ImageBuildDesk builds,
      AdmissionPolicy admission,
      JobIds ids,
      InstantSource clock) {
    this.jobs = jobs;
    this.images = images;
    this.builds = builds;
    this.admission = admission;
    this.ids = ids;
    this.clock = clock;
  }

  /**
   * Stores a job, once per key. A repetition is answered even when the image is gone or the queue
   * full meanwhile.
   *
   * <p>A name that points nowhere may be built on first use: then the job waits for that one build
   * with all others of the name.
   *
   * @param spec makes the job's spec; given nothing when the image is still to be built
   */
  public Submission submit(
      ImageRef image, Function<Optional<Image>, JobSpec> spec, @Nullable IdempotencyKey key) {
    if (key != null) {
      Optional<Submission> earlier = jobs.submitted(key);
      if (earlier.isPresent()) {
        return earlier.get();
      }
    }
    Optional<Image> known = images.find(image);
    Optional<ImageBuild> build = known.isEmpty() ? builds.firstUse(image) : Optional.empty();
    if (known.isEmpty() && build.isEmpty()) {
      return new Submission.UnknownImage(builds.refusal(image));
    }
    int capacity = admission.maxQueuedJobs();
    if (!admission.admits(jobs.countQueued(capacity))) {
      return new Submission.QueueFull(capacity);
    }
    Job job = Job.submitted(ids.next(), spec.apply(known), clock.instant());
    return build.isPresent() ? jobs.submit(job, key, build.get()) : jobs.submit(job, key);
  }

  /** Asks for the end of a job; what it is afterwards, empty when there is none. */
  public Optional<Job> cancel(JobId id) {
    return change(id, new JobEvent.EndRequested(new EndRequest.Cancel(), clock.instant()))
        .map(Change::job);
  }

  /**
   * Ends a session as its front end wishes: Ending, Ended (also when it still waited), NotASession
   * or UnknownJob. Idempotent; the first exit code counts.
   *
   * @param exitCode what the job's outcome is to be, 0 to 255
   */
  public SessionAnswer release(JobId id, int exitCode) {
    EndRequest release = new EndRequest.Release(exitCode);
    Optional<Change> change = change(id, new JobEvent.EndRequested(release, clock.instant()));
    if (change.isEmpty()) {
      return new SessionAnswer.UnknownJob();
    }
    if (change.get().step() instanceof JobStep.Refused) {
      return new SessionAnswer.NotASession();
    }
    Job job = change.get().job();
    return job.progress() instanceof JobProgress.Finished
        ? new SessionAnswer.Ended(job)
        : new SessionAnswer.Ending(job);
  }

  /**
   * Moves the end of a session's lease away, by its own length from now: Renewed, Ending (it is of
   * no use any more), Ended, NotASession or UnknownJob. Idempotent.
   */
  public SessionAnswer renewSession(JobId id) {
    Optional<Job> found = jobs.find(id);
    if (found.isEmpty()) {
      return new SessionAnswer.UnknownJob();
    }
    Job job = found.get();
    if (!(job.spec().workload() instanceof Workload.Session(var _, Duration lease))) {
      return new SessionAnswer.NotASession();
    }
    if (job.endRequest() != null && !(job.progress() instanceof JobProgress.Finished)) {
      return new SessionAnswer.Ending(job);
    }
    Instant until = clock.instant().plus(lease);
    return jobs.renewSession(id, until)
        ? new SessionAnswer.Renewed(until)
        : new SessionAnswer.Ended(jobs.find(id).orElse(job));
  }

  /** Applies what was said about an attempt; empty when there is no such job. */
  public Optional<JobStep> onAttempt(AttemptId attempt, LeaseEpoch epoch, AttemptEvent event) {
    return change(attempt.job(), new JobEvent.OnAttempt(attempt, epoch, event)).map(Change::step);
  }

  private record Change(Job job, JobStep step) {}

  private Optional<Change> change(JobId id, JobEvent event) {
    for (int tries = 0; tries < MAX_COMMIT_TRIES; tries++) {
      Optional<Job> found = jobs.find(id);
      if (found.isEmpty()) {
        return Optional.empty();
      }
      Job before = found.get();
      JobStep step = JobMachine.apply(before, event);
      if (!(step instanceof JobStep.Changed(Job after))) {
        return Optional.of(new Change(before, step));
      }
      if (jobs.commit(before, after)) {
        return Optional.of(new Change(after, step));
      }
    }
    throw new IllegalStateException(
        "job " + id + " changed " + MAX_COMMIT_TRIES + " times while an event was applied");
  }
}
