package dev.mayfly.core.exec;

import dev.mayfly.api.JobId;
import dev.mayfly.api.Outcome;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * What each event makes of an exec in each state. Pure and total. States only move forward:
 * Pending, Started, Ended.
 */
public final class ExecMachine {

  private ExecMachine() {}

  public static ExecStep apply(Exec exec, ExecEvent event) {
    return switch (event) {
      case ExecEvent.Started(Instant at) ->
          exec.state() instanceof ExecState.Pending
              ? new ExecStep.Changed(exec.with(new ExecState.Started(at)))
              : new ExecStep.Unchanged();
      case ExecEvent.Ended(Outcome outcome, long logChunks, Instant at) ->
          end(exec, outcome, logChunks, at);
      case ExecEvent.AttemptEnded(Outcome outcome, long logChunks, Instant at) ->
          end(exec, left(outcome), logChunks, at);
    };
  }

  private static ExecStep end(Exec exec, Outcome outcome, long logChunks, Instant at) {
    return exec.ended()
        ? new ExecStep.Unchanged()
        : new ExecStep.Changed(exec.with(new ExecState.Ended(outcome, logChunks, at)));
  }

  /** What an exec comes to that was open when its microVM was destroyed. */
  private static Outcome left(Outcome attempt) {
    return switch (attempt) {
      case Outcome.Faulted faulted -> faulted;
      case Outcome.Cancelled cancelled -> cancelled;
      // Released: whoever did it wanted no more of its execs either.
      case Outcome.Exited _ -> new Outcome.Cancelled();
    };
  }

  /** One row of the table: what the machine makes of the state by the event. */
  public record Row(String state, String event, String result) {}

  /** Every state with every event, worked out by running the machine. */
  public static List<Row> table() {
    Instant at = Instant.EPOCH;
    Outcome exited = new Outcome.Exited(0);
    Exec pending =
        Exec.opened(
            new JobId(new UUID(0, 0)),
            1,
            1,
            new ExecSpec.Upload("/", 1, java.time.Duration.ofSeconds(1)),
            at,
            0);
    List<Exec> execs =
        List.of(
            pending,
            pending.with(new ExecState.Started(at)),
            pending.with(new ExecState.Ended(exited, 0, at)));
    List<ExecEvent> events =
        List.of(
            new ExecEvent.Started(at),
            new ExecEvent.Ended(exited, 0, at),
            new ExecEvent.AttemptEnded(exited, 0, at));
    List<Row> rows = new ArrayList<>();
    for (Exec exec : execs) {
      for (ExecEvent event : events) {
        rows.add(new Row(name(exec.state()), name(event), result(apply(exec, event))));
      }
    }
    return rows;
  }

  private static String result(ExecStep step) {
    return switch (step) {
      case ExecStep.Changed(Exec exec) ->
          exec.state() instanceof ExecState.Ended(Outcome outcome, var _, var _)
              ? "Ended as " + name(outcome)
              : name(exec.state());
      case ExecStep.Unchanged _ -> "unchanged";
    };
  }

  private static String name(Object value) {
    return value.getClass().getSimpleName();
  }
}
