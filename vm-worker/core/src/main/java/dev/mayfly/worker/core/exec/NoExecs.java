package dev.mayfly.worker.core.exec;

import dev.mayfly.api.Outcome;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.util.List;

/** {@link ExecCommands#NONE}. */
final class NoExecs implements ExecCommands {
  @Override
  public void start(AttemptLease lease, ExecRequest request) {}

  @Override
  public void refuse(AttemptLease lease, int number, Outcome.Faulted why) {}

  @Override
  public void input(AttemptLease lease, int number, long offset, byte[] data, boolean end) {}

  @Override
  public void signal(AttemptLease lease, int number, ExecSignal signal) {}

  @Override
  public List<InputCredit> credits() {
    return List.of();
  }
}
