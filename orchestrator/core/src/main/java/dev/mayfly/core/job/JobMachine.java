package dev.mayfly.core.job;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.Outcome;

/**
 * What each event makes of a job in each state. Pure and total. A job ends with its attempt: there
 * is no retry yet.
 */
public final class JobMachine {

  private JobMachine() {}

  public static JobStep apply(Job job, JobEvent event) {
    return switch (event) {
      case JobEvent.Placed placed -> placed(job, placed);
      case JobEvent.CancelRequested cancel -> cancelRequested(job, cancel);
      case JobEvent.OnAttempt onAttempt -> onAttempt(job, onAttempt);
    };
  }

  private static JobStep placed(Job job, JobEvent.Placed event) {
    return switch (job.progress()) {
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

  private static JobStep cancelRequested(Job job, JobEvent.CancelRequested event) {
    return switch (job.progress()) {
      case JobProgress.Queued _ ->
          new JobStep.Changed(
              job.withCancelRequested()
                  .with(
                      new JobProgress.Finished(new Outcome.Cancelled(), event.at()),
                      job.attempt()));
      case JobProgress.Active _ ->
          job.cancelRequested()
              ? new JobStep.Unchanged()
              : new JobStep.Changed(job.withCancelRequested());
      case JobProgress.Finished _ -> new JobStep.Unchanged();
    };
  }

  private static JobStep onAttempt(Job job, JobEvent.OnAttempt event) {
    Attempt attempt = job.attempt();
    if (attempt == null
        || !attempt.id().equals(event.attempt())
        || !attempt.lease().epoch().equals(event.epoch())) {
      return new JobStep.Fenced();
    }
    return switch (AttemptMachine.apply(attempt, event.event())) {
      case AttemptStep.Changed(Attempt next) ->
          new JobStep.Changed(
              next.state() instanceof AttemptState.Finished finished
                  ? job.with(new JobProgress.Finished(finished.outcome(), finished.at()), next)
                  : job.with(new JobProgress.Active(), next));
      case AttemptStep.Unchanged _ -> new JobStep.Unchanged();
      case AttemptStep.Refused(String reason) -> new JobStep.Refused(reason);
    };
  }
}
