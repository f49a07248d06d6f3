package dev.mayfly.cli;

import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.OutcomeView;

/** Says how a job ended, where its own log does not. */
final class Outcomes {
  private Outcomes() {}

  /** Says it, and gives the exit code. */
  static int report(JobView job, Output output) throws OutputClosed {
    OutcomeView outcome = job.outcome();
    if (outcome == null) {
      output.say("the orchestrator did not say how job " + job.id() + " ended");
      return ExitCode.FAULT.code();
    }
    switch (outcome.kind()) {
      case "EXITED" -> {}
      case "CANCELLED" -> output.say("job " + job.id() + " was cancelled");
      default -> output.say(describe(outcome));
    }
    return ExitCode.of(outcome);
  }

  static String describe(OutcomeView outcome) {
    return switch (outcome.kind()) {
      case "EXITED" -> "exited with " + outcome.exitCode();
      case "CANCELLED" -> "cancelled";
      default -> outcome.faultCode() + (outcome.detail() == null ? "" : ": " + outcome.detail());
    };
  }
}
