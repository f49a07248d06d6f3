package dev.mayfly.core.exec;

import dev.mayfly.api.JobId;
import java.time.Instant;

/**
 * One command or transfer in the microVM of a session.
 *
 * @param number per job, from 1
 * @param attempt number of the attempt whose microVM it is in
 * @param signals how many were asked for so far
 * @param logFrom none of its output is at or before this sequence of the attempt's log
 */
public record Exec(
    JobId job,
    int number,
    int attempt,
    ExecSpec spec,
    Instant openedAt,
    ExecState state,
    ExecInput input,
    int signals,
    long logFrom) {

  /** Open ones per job: each costs the guest a process and the worker its pipes. */
  public static final int MAX_OPEN = 32;

  /** All of a job, ended ones too: their rows are kept as long as the job is. */
  public static final int MAX_PER_JOB = 100_000;

  /** Asked for in the life of one exec; more is a loop gone wild. */
  public static final int MAX_SIGNALS = 256;

  public static Exec opened(
      JobId job, int number, int attempt, ExecSpec spec, Instant at, long logFrom) {
    return new Exec(
        job,
        number,
        attempt,
        spec,
        at,
        new ExecState.Pending(),
        ExecInput.start(spec.takesInput()),
        0,
        logFrom);
  }

  public boolean ended() {
    return state instanceof ExecState.Ended;
  }

  /** With another state; what may be secret does not outlive the end. */
  Exec with(ExecState next) {
    return new Exec(
        job,
        number,
        attempt,
        next instanceof ExecState.Ended ? spec.withoutEnvironment() : spec,
        openedAt,
        next,
        input,
        signals,
        logFrom);
  }

  public Exec with(ExecInput next) {
    return new Exec(job, number, attempt, spec, openedAt, state, next, signals, logFrom);
  }

  public Exec withSignals(int count) {
    return new Exec(job, number, attempt, spec, openedAt, state, input, count, logFrom);
  }
}
