package dev.mayfly.server.http;

import dev.mayfly.api.rest.ExecRequest;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.Problem;
import java.util.List;

/** Checks an {@link ExecRequest}: what it has in common with a job is checked as a job's. */
final class ExecRequestCheck {

  /** A job needs one; an exec is in the microVM that there is. */
  private static final String ANY_IMAGE = "exec";

  private ExecRequestCheck() {}

  /**
   * @throws RefusedRequestException when anything is wrong
   */
  static CheckedExecRequest check(ExecRequest request) {
    // A job may leave it to its image; an exec may not.
    if (request.command() == null || request.command().isEmpty()) {
      throw new RefusedRequestException(
          Problems.invalid(
              List.of(
                  new Problem.FieldError(
                      "command", "is required: at least one element, the program"))));
    }
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
