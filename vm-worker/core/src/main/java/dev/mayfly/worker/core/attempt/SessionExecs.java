package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.Outcome;
import dev.mayfly.worker.core.exec.ExecCommands;
import dev.mayfly.worker.core.exec.ExecRequest;
import dev.mayfly.worker.core.exec.ExecSignal;
import dev.mayfly.worker.core.exec.InputCredit;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.util.List;

/** Passes what is asked of execs to the attempts that are here. Thread-safe. */
public final class SessionExecs implements ExecCommands {
  private final Attempts attempts;

  public SessionExecs(Attempts attempts) {
    this.attempts = attempts;
  }

  @Override
  public void start(AttemptLease lease, ExecRequest request) {
    attempts.execs(lease).ifPresent(gate -> gate.start(request));
  }

  @Override
  public void refuse(AttemptLease lease, int number, Outcome.Faulted why) {
    attempts.execs(lease).ifPresent(gate -> gate.refuse(number, why));
  }

  @Override
  public void input(AttemptLease lease, int number, long offset, byte[] data, boolean end) {
    attempts.execs(lease).ifPresent(gate -> gate.input(number, offset, data, end));
  }

  @Override
  public void signal(AttemptLease lease, int number, ExecSignal signal) {
    attempts.execs(lease).ifPresent(gate -> gate.signal(number, signal));
  }

  @Override
  public List<InputCredit> credits() {
    return attempts.living().stream()
        .flatMap(lease -> attempts.execs(lease).stream())
        .flatMap(gate -> gate.credits().stream())
        .toList();
  }
}
