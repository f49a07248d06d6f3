package dev.mayfly.client;

import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.Problem;

/** What became of a submitted job. */
public sealed interface Submission {

  /**
   * It is stored and will end.
   *
   * @param repeated the idempotency key was known: this is the job of the first submit
   */
  record Accepted(JobView job, boolean repeated) implements Submission {}

  /** It was refused and nothing was stored: unknown image, impossible shape, malformed. */
  record Refused(Problem problem) implements Submission {}
}
