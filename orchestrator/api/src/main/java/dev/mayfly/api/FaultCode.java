package dev.mayfly.api;

/** Why Mayfly could not finish an attempt. Names are stable: they cross the wire and are stored. */
public enum FaultCode {
  /** The job ran longer than its own limit. */
  JOB_TIMEOUT(Blame.USER),
  /** The guest's kernel killed the job's processes because its memory was used up. */
  OUT_OF_MEMORY(Blame.USER),
  /** The scratch disk was full when the job failed. */
  DISK_FULL(Blame.USER),
  /**
   * The command could not be started in the guest: not found, not executable, no such user or
   * directory.
   */
  COMMAND_NOT_STARTED(Blame.USER),
  /** No exec of the session was open for as long as it may be idle. */
  SESSION_IDLE(Blame.USER),
  /** The front end of the session did not renew it in time. */
  SESSION_ABANDONED(Blame.USER),
  /** An exec ran longer than its own limit. */
  EXEC_TIMEOUT(Blame.USER),
  /** An upload or a download was larger than its limit. */
  TRANSFER_TOO_LARGE(Blame.USER),
  /** What was uploaded is no tar stream, or what to download is not there. */
  TRANSFER_FAILED(Blame.USER),
  /** The image asked for does not exist, may not be read, or is not one that can be converted. */
  IMAGE_REFUSED(Blame.USER),
  /** The registry or mirror the image comes from did not answer, or answered wrongly. */
  IMAGE_SOURCE_FAILED(Blame.EXTERNAL),
  /** The image could not be built for a reason of ours. */
  IMAGE_BUILD_FAILED(Blame.PLATFORM),
  /** No worker had room for it within its queue limit. */
  QUEUE_TIMEOUT(Blame.CAPACITY),
  /** The worker's slots were taken when the assignment arrived. */
  WORKER_FULL(Blame.CAPACITY),
  /** The worker is shutting down or draining. */
  WORKER_LEAVING(Blame.PLATFORM),
  /** The worker was not heard of within the lease, or came back without the microVM. */
  WORKER_LOST(Blame.PLATFORM),
  /** The worker has no such bundle. */
  BUNDLE_ABSENT(Blame.PLATFORM),
  /** The bundle could not be fetched from the orchestrator. */
  BUNDLE_PULL_FAILED(Blame.PLATFORM),
  /** The worker boots signed bundles only, and this one has no signature by a key it trusts. */
  BUNDLE_UNTRUSTED(Blame.PLATFORM),
  /** A file of the bundle does not have the digest its manifest says. */
  BUNDLE_BROKEN(Blame.PLATFORM),
  /** The VMM could not be started, or a host resource could not be had. */
  BOOT_FAILED(Blame.PLATFORM),
  /** The guest did not answer within the boot deadline. */
  BOOT_TIMEOUT(Blame.PLATFORM),
  /** The guest agent could not set up mounts, network or identity. */
  GUEST_SETUP_FAILED(Blame.PLATFORM),
  /** The VMM's process ended or was killed while the job ran. */
  VMM_DIED(Blame.PLATFORM),
  /** The guest's kernel panicked, or the guest powered itself off, while the job ran. */
  GUEST_PANIC(Blame.PLATFORM),
  /** The guest does not answer any more. */
  GUEST_DIED(Blame.PLATFORM),
  /** The guest spoke what is not the protocol; its microVM was destroyed. */
  GUEST_PROTOCOL(Blame.PLATFORM),
  /** A bug of ours. */
  INTERNAL(Blame.PLATFORM);

  private final Blame blame;

  FaultCode(Blame blame) {
    this.blame = blame;
  }

  public Blame blame() {
    return blame;
  }
}
