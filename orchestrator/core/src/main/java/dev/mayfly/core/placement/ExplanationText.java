package dev.mayfly.core.placement;

import dev.mayfly.core.placement.Explanation.Reason;
import java.util.stream.Collectors;

/** Writes explanations for people. Pure. */
public final class ExplanationText {
  private static final String BETWEEN = " · ";

  private ExplanationText() {}

  /**
   * One line: {@code worker a: needs 4096 MiB, 1024 free · worker b: draining}; it starts with
   * {@code can never run: } when that is so.
   */
  public static String line(Explanation explanation) {
    String reasons =
        explanation.reasons().stream()
            .map(ExplanationText::reason)
            .collect(Collectors.joining(BETWEEN));
    return explanation.impossible() ? "can never run: " + reasons : reasons;
  }

  /** One reason, as it stands in the line. */
  public static String reason(Reason reason) {
    if (reason.worker().isPresent()) {
      return "worker " + reason.worker().get() + ": " + reason.text();
    }
    return reason.workers() > 0 ? reason.workers() + " workers: " + reason.text() : reason.text();
  }
}
