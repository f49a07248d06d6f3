package dev.mayfly.worker.core.guest;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The execs of one conversation by id. Guarded by the session's lock. */
final class ExecTable {
  private final Map<Integer, FramedGuestExec> execs = new HashMap<>();
  private int lastId;

  void add(FramedGuestExec exec) {
    execs.put(exec.id(), exec);
    lastId = Math.max(lastId, exec.id());
  }

  @Nullable FramedGuestExec find(int id) {
    return execs.get(id);
  }

  /** The exec that a frame is about. */
  FramedGuestExec named(int id) throws GuestViolation {
    FramedGuestExec exec = execs.get(id);
    if (exec == null) {
      throw new GuestViolation("a frame is about an exec that does not exist");
    }
    return exec;
  }

  /**
   * @return false when it was not there
   */
  boolean remove(FramedGuestExec exec) {
    return execs.remove(exec.id(), exec);
  }

  List<FramedGuestExec> all() {
    return List.copyOf(execs.values());
  }

  /** The id a caller chose, which must not be used in this conversation. */
  int unused(int id) {
    if (execs.containsKey(id)) {
      throw new IllegalStateException("exec " + id + " is in use");
    }
    return id;
  }

  /** An id that is not used in this conversation; never 0, which means none. */
  int nextId() {
    do {
      lastId++;
    } while (lastId == 0 || execs.containsKey(lastId));
    return lastId;
  }
}
