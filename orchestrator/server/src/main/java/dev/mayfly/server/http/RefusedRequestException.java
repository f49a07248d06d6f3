package dev.mayfly.server.http;

import dev.mayfly.api.rest.Problem;

/** Ends the handling of a request with a problem. */
class RefusedRequestException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient Problem problem;

  RefusedRequestException(Problem problem) {
    super(problem.title(), null, false, false);
    this.problem = problem;
  }

  Problem problem() {
    return problem;
  }
}
