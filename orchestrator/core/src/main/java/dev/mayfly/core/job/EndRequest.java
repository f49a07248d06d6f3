package dev.mayfly.core.job;

/** Why somebody wants an active job to end. */
public sealed interface EndRequest {

  /** A user cancelled it. */
  record Cancel() implements EndRequest {}

  /**
   * The front end of a session is done with it.
   *
   * @param exitCode what the job's outcome is to be, 0 to 255
   */
  record Release(int exitCode) implements EndRequest {}

  /** The front end of a session has not renewed it in time. */
  record Abandon() implements EndRequest {}
}
