package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import java.time.Duration;

/** Decides how an attempt is ended for a reason that lies outside of it. Pure. */
final class EndPolicy {
  /** Between SIGTERM and the end of the microVM when the job ran out of time. */
  static final Duration TIMEOUT_GRACE = Duration.ofSeconds(10);

  /** The same when a user cancelled: somebody is waiting. */
  static final Duration CANCEL_GRACE = Duration.ofSeconds(5);

  /** The same when this worker leaves: it has 20 s in all. */
  static final Duration LEAVE_GRACE = Duration.ofSeconds(3);

  private EndPolicy() {}

  /** A way to the end. */
  sealed interface Way {
    /** Destroyed at once, and nothing is reported. */
    record Unreported() implements Way {}

    record AtOnce(Outcome outcome) implements Way {}

    /**
     * What runs is asked to end first.
     *
     * @param told to the user, in the log of the job
     */
    record Gently(Outcome outcome, String told, Duration grace) implements Way {}
  }

  static Way of(EndReason reason) {
    return switch (reason) {
      case EndReason.LeaseVoid() -> new Way.Unreported();
      case EndReason.Cancelled() ->
          new Way.Gently(new Outcome.Cancelled(), "the job is being cancelled", CANCEL_GRACE);
      case EndReason.WorkerLeaving() ->
          new Way.Gently(
              OutcomePolicy.fault(FaultCode.WORKER_LEAVING, "the worker was shut down"),
              "the worker is shutting down and ends the job",
              LEAVE_GRACE);
      case EndReason.Released(var exitCode) -> new Way.AtOnce(new Outcome.Exited(exitCode));
      case EndReason.Abandoned() ->
          new Way.AtOnce(
              OutcomePolicy.fault(
                  FaultCode.SESSION_ABANDONED,
                  "the front end of the session did not renew it in time"));
    };
  }

  /** The job ran for as long as it may. */
  static Way.Gently timeUp(Duration limit) {
    var detail = "the job ran longer than its limit of " + OutcomePolicy.seconds(limit);
    return new Way.Gently(
        OutcomePolicy.fault(FaultCode.JOB_TIMEOUT, detail), detail, TIMEOUT_GRACE);
  }

  /** Nothing ran in a session for as long as that may be. */
  static Outcome.Faulted idle(Duration limit) {
    return OutcomePolicy.fault(
        FaultCode.SESSION_IDLE,
        "no exec of the session was open for " + OutcomePolicy.seconds(limit));
  }
}
