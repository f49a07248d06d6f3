package dev.mayfly.worker.core.attempt;

/** Why an attempt is ended from outside. */
public sealed interface EndReason {
  EndReason CANCELLED = new Cancelled();
  EndReason LEASE_VOID = new LeaseVoid();
  EndReason WORKER_LEAVING = new WorkerLeaving();
  EndReason ABANDONED = new Abandoned();

  /** A user asked. */
  record Cancelled() implements EndReason {}

  /** The lease is not ours any more, or was not renewed in time: destroy, report nothing. */
  record LeaseVoid() implements EndReason {}

  /** This worker shuts down. */
  record WorkerLeaving() implements EndReason {}

  /**
   * The front end of a session is done.
   *
   * @param exitCode what to report, 0 to 255
   */
  record Released(int exitCode) implements EndReason {
    public Released {
      if (exitCode < 0 || exitCode > 255) {
        throw new IllegalArgumentException("exit code is " + exitCode + ", must be 0 to 255");
      }
    }
  }

  /** The front end of a session has not renewed it. */
  record Abandoned() implements EndReason {}
}
