package dev.mayfly.worker.daemon.builds;

/**
 * Something to tell of a build that runs.
 *
 * @param step for people; at most 200 characters
 * @param detail for people; at most 500 characters; may be empty
 * @param ended the step is over
 */
public record BuildStep(
    String buildId, String step, String detail, boolean ended, long microsSinceStart) {
  private static final int MAX_STEP = 200;
  private static final int MAX_DETAIL = 500;

  public BuildStep {
    step = step.substring(0, Math.min(step.length(), MAX_STEP));
    detail = detail.substring(0, Math.min(detail.length(), MAX_DETAIL));
  }
}
