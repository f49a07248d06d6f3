package dev.mayfly.core.job;

import static dev.mayfly.core.job.Examples.NOON;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.Outcome;
import dev.mayfly.core.lease.LeasePolicy;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Jobs and attempts in every state, the events they may meet, and the tables of both. */
public final class JobTables {
  private static final long STALE = 0;
  private static final long NEXT = 9;
  private static final LeaseEpoch OTHER_EPOCH = new LeaseEpoch(77);

  private JobTables() {}

  /** A batch in every state that the machine tells apart, by name. */
  public static LinkedHashMap<String, Job> batches() {
    return states(Examples.job(NOON));
  }

  /** A session in every state that the machine tells apart, by name. */
  public static LinkedHashMap<String, Job> sessions() {
    return states(Examples.session(NOON));
  }

  private static LinkedHashMap<String, Job> states(Job queued) {
    Job placed =
        apply(
            queued,
            new JobEvent.Placed(Examples.worker("w", NOON).id(), LeasePolicy.DEFAULT, NOON));
    Job preparing = on(placed, report(1, new AttemptEvent.Change.Preparing()));
    Job running = on(preparing, report(2, new AttemptEvent.Change.Running("qemu", "6.1")));
    EndRequest wish =
        queued.spec().workload() instanceof Workload.Session
            ? new EndRequest.Release(7)
            : new EndRequest.Cancel();
    LinkedHashMap<String, Job> states = new LinkedHashMap<>();
    states.put("Queued", queued);
    states.put("Queued for its image", awaiting(queued));
    states.put("Queued after a fault", on(placed, fault(FaultCode.BOOT_FAILED, 1)));
    states.put("Placed", placed);
    states.put("Placed, end wanted", apply(placed, new JobEvent.EndRequested(wish, NOON)));
    states.put("Preparing", preparing);
    states.put("Running", running);
    states.put("Running, end wanted", apply(running, new JobEvent.EndRequested(wish, NOON)));
    states.put("Running, last try", lastTry(running));
    states.put("Finished", on(running, report(3, exited())));
    return states;
  }

  private static Job awaiting(Job queued) {
    JobSpec spec = queued.spec();
    return Examples.job(
        NOON, Examples.spec(Examples.awaiting(spec.image()), spec.workload(), spec.limits()));
  }

  private static Job lastTry(Job job) {
    return job.with(
        job.progress(), job.attempt(), new Job.Tries(job.spec().limits().attempts() - 1, 0));
  }

  /** What may happen to a job, by name; made for the job, because reports name its attempt. */
  public static LinkedHashMap<String, Function<Job, JobEvent>> jobEvents() {
    LinkedHashMap<String, Function<Job, JobEvent>> events = new LinkedHashMap<>();
    events.put(
        "Placed",
        _ -> new JobEvent.Placed(Examples.worker("w", NOON).id(), LeasePolicy.DEFAULT, NOON));
    events.put("EndRequested(Cancel)", _ -> wanted(new EndRequest.Cancel()));
    events.put("EndRequested(Release(7))", _ -> wanted(new EndRequest.Release(7)));
    events.put("EndRequested(Abandon)", _ -> wanted(new EndRequest.Abandon()));
    events.put("QueueTimedOut", _ -> new JobEvent.QueueTimedOut("It waited.", NOON));
    events.put("ImageBuilt", _ -> new JobEvent.ImageBuilt(Examples.BUNDLE, "x86_64"));
    events.put(
        "ImageFailed(IMAGE_REFUSED)",
        _ -> new JobEvent.ImageFailed(FaultCode.IMAGE_REFUSED, "There is none.", NOON));
    attemptEvents().forEach((name, event) -> events.put(name, job -> said(job, event, false)));
    events.put("Reported(Exited(3)), old lease", job -> said(job, report(NEXT, exited()), true));
    return events;
  }

  private static JobEvent wanted(EndRequest request) {
    return new JobEvent.EndRequested(request, NOON);
  }

  private static JobEvent said(Job job, AttemptEvent event, boolean underOldLease) {
    Attempt attempt = job.attempt();
    // A job without an attempt hears of one that it does not have.
    return attempt == null
        ? new JobEvent.OnAttempt(
            new dev.mayfly.api.AttemptId(job.id(), 1), new LeaseEpoch(1), event)
        : new JobEvent.OnAttempt(
            attempt.id(), underOldLease ? OTHER_EPOCH : attempt.lease().epoch(), event);
  }

  /** What may happen to an attempt, by name. */
  public static LinkedHashMap<String, AttemptEvent> attemptEvents() {
    LinkedHashMap<String, AttemptEvent> events = new LinkedHashMap<>();
    events.put("Reported(Preparing)", report(NEXT, new AttemptEvent.Change.Preparing()));
    events.put("Reported(Running)", report(NEXT, new AttemptEvent.Change.Running("qemu", "6.1")));
    events.put("Reported(Exited(3))", report(NEXT, exited()));
    events.put("Reported(Cancelled)", report(NEXT, finished(new Outcome.Cancelled())));
    events.put("Reported(JOB_TIMEOUT)", fault(FaultCode.JOB_TIMEOUT, NEXT));
    events.put("Reported(VMM_DIED)", fault(FaultCode.VMM_DIED, NEXT));
    events.put("Reported(Exited(3)) again", report(STALE, exited()));
    events.put("Refused(WORKER_FULL)", new AttemptEvent.Refused(FaultCode.WORKER_FULL, "", NOON));
    events.put("LeaseExpired", new AttemptEvent.LeaseExpired(NOON));
    events.put("Withdrawn", new AttemptEvent.Withdrawn(NOON));
    return events;
  }

  public static StateTable jobTable(LinkedHashMap<String, Job> states) {
    return StateTable.of(
        states, jobEvents(), (job, event) -> describe(JobMachine.apply(job, event.apply(job))));
  }

  public static StateTable attemptTable() {
    LinkedHashMap<String, Attempt> states = new LinkedHashMap<>();
    Map<String, Job> jobs = batches();
    for (String name : List.of("Placed", "Preparing", "Running", "Finished")) {
      Job job = jobs.get(name);
      Attempt attempt = job == null ? null : job.attempt();
      if (attempt == null) {
        throw new IllegalStateException(name + " has no attempt");
      }
      states.put(name, attempt);
    }
    return StateTable.of(
        states,
        attemptEvents(),
        (attempt, event) ->
            switch (AttemptMachine.apply(attempt, event)) {
              case AttemptStep.Changed(Attempt next) -> describe(next.state());
              case AttemptStep.Unchanged _ -> "=";
              case AttemptStep.Refused _ -> "refused";
            });
  }

  static String describe(JobStep step) {
    return switch (step) {
      case JobStep.Unchanged _ -> "=";
      case JobStep.Fenced _ -> "fenced";
      case JobStep.Refused _ -> "refused";
      case JobStep.Changed(Job job) ->
          switch (job.progress()) {
            case JobProgress.Queued(var since, var notBefore) ->
                job.awaitsImage()
                    ? "Queued for its image"
                    : notBefore.isAfter(since) ? "Queued, pausing" : "Queued";
            case JobProgress.Active _ ->
                describe(job.currentAttempt().state())
                    + (job.endRequest() == null
                        ? ""
                        : ", " + job.endRequest().getClass().getSimpleName() + " wanted");
            case JobProgress.Finished(Outcome outcome, var _) -> describe(outcome);
          };
    };
  }

  private static String describe(AttemptState state) {
    return switch (state) {
      case AttemptState.Placed _ -> "Placed";
      case AttemptState.Preparing _ -> "Preparing";
      case AttemptState.Running _ -> "Running";
      case AttemptState.Finished finished -> describe(finished.outcome());
    };
  }

  private static String describe(Outcome outcome) {
    return "Finished: "
        + switch (outcome) {
          case Outcome.Exited(int code) -> "Exited(" + code + ")";
          case Outcome.Faulted(FaultCode code, var _) -> code.name();
          case Outcome.Cancelled _ -> "Cancelled";
        };
  }

  private static AttemptEvent report(long number, AttemptEvent.Change change) {
    return new AttemptEvent.Reported(number, Map.of(), change);
  }

  private static AttemptEvent fault(FaultCode code, long number) {
    return report(number, finished(new Outcome.Faulted(code, "It broke.")));
  }

  private static AttemptEvent.Change exited() {
    return finished(new Outcome.Exited(3));
  }

  private static AttemptEvent.Change finished(Outcome outcome) {
    return new AttemptEvent.Change.Finished(outcome, 4, 5, NOON);
  }

  private static Job on(Job job, AttemptEvent event) {
    return apply(job, said(job, event, false));
  }

  private static Job apply(Job job, JobEvent event) {
    return ((JobStep.Changed) JobMachine.apply(job, event)).job();
  }
}
