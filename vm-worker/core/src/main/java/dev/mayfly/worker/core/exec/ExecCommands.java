package dev.mayfly.worker.core.exec;

import dev.mayfly.api.Outcome;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.util.List;

/**
 * What the orchestrator asks of the execs of this worker's attempts. What names an attempt that is
 * not here is ignored: its end is or was reported. Thread-safe; every call returns promptly; every
 * call may be repeated.
 */
public interface ExecCommands {
  /** Of a worker that has no sessions: nothing that is named is here. */
  ExecCommands NONE = new NoExecs();

  void start(AttemptLease lease, ExecRequest request);

  /** An exec that was asked for cannot be understood: it ends so, without having begun. */
  void refuse(AttemptLease lease, int number, Outcome.Faulted why);

  /**
   * A piece of an exec's input.
   *
   * @param offset of its first byte
   * @param end nothing follows
   */
  void input(AttemptLease lease, int number, long offset, byte[] data, boolean end);

  void signal(AttemptLease lease, int number, ExecSignal signal);

  /** What every living exec that takes input takes now. */
  List<InputCredit> credits();
}
