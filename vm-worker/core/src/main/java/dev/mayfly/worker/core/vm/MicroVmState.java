package dev.mayfly.worker.core.vm;

/** Where a microVM is in its one life. */
public enum MicroVmState {
  /** It has a slot and a directory; no process yet. */
  ALLOCATED,
  /** The VMM process runs; the guest has not answered. */
  BOOTING,
  /** The guest agent has answered and nothing of a job is in the guest. */
  READY,
  /** It belongs to an attempt: identity, mounts and network are being set up. */
  CLAIMED,
  /** A command of the job runs. */
  EXECUTING,
  /** It is being destroyed. */
  STOPPING,
  /** Nothing of it is left on the host. */
  DESTROYED,
  /** Something failed; all that can be done with it is to stop it. */
  BROKEN
}
