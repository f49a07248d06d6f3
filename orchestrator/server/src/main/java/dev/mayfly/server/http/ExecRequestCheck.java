package dev.mayfly.server.http;

import dev.mayfly.api.rest.ExecRequest;
import dev.mayfly.api.rest.JobRequest;

/** Checks an {@link ExecRequest}: what it has in common with a job is checked as a job's. */
final class ExecRequestCheck {

  /** A job needs one; an exec is in the microVM that there is. */
  private static final String ANY_IMAGE = "exec";

  private ExecRequestCheck() {}

  /**
   * @throws RefusedRequestException when anything is wrong
   */
  static CheckedExecRequest check(ExecRequest request) {
    CheckedJobRequest checked =
        JobRequestCheck.check(
            new JobRequest(
                ANY_IMAGE,
                request.command(),
                request.environment(),
                request.workingDirectory(),
                request.user(),
                null,
                null,
                request.timeoutSeconds(),
                request.secrets(),
                null,
                null,
                null,
                null,
                null,
                null,
                null));
    return new CheckedExecRequest(
        checked,
        request.workingDirectory() != null,
        request.timeoutSeconds() != null,
        request.stdin() != null && request.stdin());
  }
}
