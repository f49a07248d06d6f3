package dev.mayfly.core.job;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.Outcome;
import dev.mayfly.core.job.RetryPolicy.Retry;
import java.util.Optional;

/**
 * What each event makes of a job in each state. Pure and total. A job ends with its attempt, or
 * waits again when {@link RetryPolicy} says so.
 */
public final class JobMachine {

  private JobMachine() {}

  public static JobStep apply(Job job, JobEvent event) {
    return switch (event) {
      case JobEvent.Placed placed -> placed(job, placed);
      case JobEvent.EndRequested end -> endRequested(job, end);
      case JobEvent.QueueTimedOut timedOut -> queueTimedOut(job, timedOut);
      case JobEvent.ImageBuilt built -> imageBuilt(job, built);
      case JobEvent.ImageFailed failed -> imageFailed(job, failed);
      case JobEvent.OnAttempt onAttempt -> onAttempt(job, onAttempt);
    };
  }

  private static JobStep placed(Job job, JobEvent.Placed event) {
    return switch (job.progress()) {
      case JobProgress.Queued _ when job.awaitsImage() ->
          new JobStep.Refused("its image is not built yet");
      case JobProgress.Queued _ -> {
        Attempt last = job.attempt();
        LeaseEpoch epoch = last == null ? new LeaseEpoch(1) : last.lease().epoch().next();
        Attempt attempt =
            Attempt.placed(
                new AttemptId(job.id(), job.attempts() + 1),
                event.worker(),
                event.leases().first(epoch, event.at()),
                event.at());
        yield new JobStep.Changed(job.with(new JobProgress.Active(), attempt));
      }
      case JobProgress.Active _ -> new JobStep.Refused("it is already on a worker");
      case JobProgress.Finished _ -> new JobStep.Refused("it has ended");
    };
  }

  private static JobStep endRequested(Job job, JobEvent.EndRequested event) {
    if (!(event.request() instanceof EndRequest.Cancel)
        && !(job.spec().workload() instanceof Workload.Session)) {
      return new JobStep.Refused("it is no session");
    }
    return switch (job.progress()) {
      case JobProgress.Queued _ ->
          new JobStep.Changed(
              job.withEndRequest(event.request())
                  .with(
                      new JobProgress.Finished(outcome(event.request()), event.at()),
                      job.attempt()));
      case JobProgress.Active _ ->
          // The first wish counts, but that a user's cancellation overrides the front end's.
          job.endRequest() == null
                  || (event.request() instanceof EndRequest.Cancel && !job.cancelRequested())
              ? new JobStep.Changed(job.withEndRequest(event.request()))
              : new JobStep.Unchanged();
      case JobProgress.Finished _ -> new JobStep.Unchanged();
    };
  }

  /** How a job ends whose end was wanted before it had a microVM, or whose worker was lost. */
  static Outcome outcome(EndRequest request) {
    return switch (request) {
      case EndRequest.Cancel _ -> new Outcome.Cancelled();
      case EndRequest.Release(int exitCode) -> new Outcome.Exited(exitCode);
      case EndRequest.Abandon _ ->
          new Outcome.Faulted(
              FaultCode.SESSION_ABANDONED, "The front end did not renew the session in time.");
    };
  }

  private static JobStep queueTimedOut(Job job, JobEvent.QueueTimedOut event) {
    return switch (job.progress()) {
      case JobProgress.Queued _ ->
          new JobStep.Changed(
              job.with(
                  new JobProgress.Finished(
                      new Outcome.Faulted(FaultCode.QUEUE_TIMEOUT, event.because()), event.at()),
                  job.attempt()));
      case JobProgress.Active _ -> new JobStep.Refused("it is on a worker");
      case JobProgress.Finished _ -> new JobStep.Unchanged();
    };
  }

  private static JobStep imageBuilt(Job job, JobEvent.ImageBuilt event) {
    return job.awaitsImage()
        ? new JobStep.Changed(job.withBundle(event.bundle(), event.architecture()))
        : new JobStep.Unchanged();
  }

  private static JobStep imageFailed(Job job, JobEvent.ImageFailed event) {
    return job.awaitsImage()
        ? new JobStep.Changed(
            job.with(
                new JobProgress.Finished(
                    new Outcome.Faulted(event.code(), event.detail()), event.at()),
                job.attempt()))
        : new JobStep.Unchanged();
  }

  private static JobStep onAttempt(Job job, JobEvent.OnAttempt event) {
    Attempt attempt = job.attempt();
    if (attempt == null
        || !attempt.id().equals(event.attempt())
        || !attempt.lease().epoch().equals(event.epoch())) {
      return new JobStep.Fenced();
    }
    if (event.event() instanceof AttemptEvent.Withdrawn
        && job.progress() instanceof JobProgress.Active
        && job.endRequest() == null) {
      return new JobStep.Refused("nobody wants its end");
    }
    return switch (AttemptMachine.apply(attempt, event.event())) {
      case AttemptStep.Changed(Attempt next) ->
          new JobStep.Changed(
              next.state() instanceof AttemptState.Finished finished
                  ? ended(job, next, finished)
                  : job.with(new JobProgress.Active(), next));
      case AttemptStep.Unchanged _ -> new JobStep.Unchanged();
      case AttemptStep.Refused(String reason) -> new JobStep.Refused(reason);
    };
  }

  private static Job ended(Job job, Attempt attempt, AttemptState.Finished end) {
    Optional<Retry> retry = RetryPolicy.decide(job, attempt, end);
    if (retry.isPresent()) {
      return job.with(
          new JobProgress.Queued(end.at(), retry.get().notBefore()), attempt, retry.get().tries());
    }
    EndRequest wanted = job.endRequest();
    // What ended by itself ended so; everything else came to the end that was wanted.
    Outcome outcome =
        wanted == null || end.outcome() instanceof Outcome.Exited ? end.outcome() : outcome(wanted);
    return job.with(new JobProgress.Finished(outcome, end.at()), attempt);
  }
}
