package dev.mayfly.client;

import dev.mayfly.api.rest.Problem;

/** The orchestrator answered with a problem. */
public final class MayflyProblem extends MayflyException {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // Exceptions are not serialized here; the record is what matters.
  private final Problem problem;

  public MayflyProblem(Problem problem) {
    super(describe(problem), null);
    this.problem = problem;
  }

  public Problem problem() {
    return problem;
  }

  /** Whether the token was missing, wrong or not allowed to do this. */
  public boolean isTokenRefused() {
    return problem.status() == 401 || problem.status() == 403;
  }

  private static String describe(Problem problem) {
    String detail = problem.detail();
    return detail == null || detail.isBlank() ? problem.title() : problem.title() + ": " + detail;
  }
}
