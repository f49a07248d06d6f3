package dev.mayfly.worker.core.vm;

/** What happens to a microVM. */
public enum MicroVmEvent {
  /** Its VMM process was started. */
  BOOTED,
  /** Its guest agent answered. */
  ANSWERED,
  /** An attempt took it. */
  CLAIMED,
  /** A restarted worker took it up again for the attempt that had it. */
  ADOPTED,
  /** The first command started. */
  EXECUTED,
  /** Something failed. */
  FAILED,
  /** It is no longer wanted. */
  STOPPED,
  /** Everything of it was removed. */
  REMOVED
}
