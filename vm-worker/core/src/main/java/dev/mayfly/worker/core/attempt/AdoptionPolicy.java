package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.worker.core.attempt.AttemptJournals.Found;
import dev.mayfly.worker.core.attempt.JournalEntry.Stage;

/** Decides what a new worker process does with what an earlier one wrote down. Pure. */
public final class AdoptionPolicy {
  private AdoptionPolicy() {}

  /** What to do with one attempt. */
  public sealed interface Choice {
    /** Its microVM is taken up again, if it still lives. */
    record Adopt() implements Choice {}

    /** Its end is reported already; the report is delivered. */
    record Deliver() implements Choice {}

    /** Whatever is left of its microVM is destroyed, and this is reported. */
    record Conclude(Outcome outcome, long peakMemoryKib) implements Choice {}
  }

  /** The choice for one journal. */
  public static Choice choose(Found found) {
    var entry = found.entry();
    if (entry.isFinished()) {
      return new Choice.Deliver();
    }
    if (entry.decision().isPresent()) {
      var decision = entry.decision().get();
      return new Choice.Conclude(decision.outcome(), decision.peakMemoryKib());
    }
    if (!found.sameBoot()) {
      return entry
          .givingUp()
          .<Choice>map(why -> new Choice.Conclude(why.outcome(), 0))
          .orElseGet(() -> lost("the worker's host was restarted while the job ran"));
    }
    if (entry.stage() == Stage.PREPARING || entry.vmm().isEmpty()) {
      return lost("the worker was restarted before the microVM was ready");
    }
    return new Choice.Adopt();
  }

  private static Choice lost(String detail) {
    return new Choice.Conclude(OutcomePolicy.fault(FaultCode.WORKER_LOST, detail), 0);
  }
}
