package dev.mayfly.core.exec;

/**
 * Says that there may be something new to send to workers about their execs. Never blocks.
 * Thread-safe.
 */
public interface ExecNudges {

  /** To whatever orchestrator their worker is connected. */
  void execs();

  /** To those connected here. */
  void execsHere();
}
