package dev.mayfly.api;

/** The moments of a job's life whose times are kept, in their order. */
public enum Phase {
  /** Stored by the orchestrator. */
  QUEUED,
  /** A worker was chosen and the choice committed. */
  PLACED,
  /** The worker has checked the bundle and made disks and sockets. */
  PREPARED,
  /** The VMM process runs. */
  BOOTED,
  /** The guest agent has answered and mounts, identity and network are set up. */
  READY,
  /** The guest has started the command. */
  EXECUTING,
  /** The command ended, or the attempt was given up. */
  ENDED,
  /** The microVM and everything it had on the host is gone. */
  DESTROYED
}
