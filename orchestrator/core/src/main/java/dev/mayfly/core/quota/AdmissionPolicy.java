package dev.mayfly.core.quota;

/**
 * Decides whether one more job may wait. Pure.
 *
 * @param maxQueuedJobs capacity of the queue
 */
public record AdmissionPolicy(int maxQueuedJobs) {

  /**
   * A placement pass reads the head of the queue only, so its length costs nothing but patience.
   */
  public static final AdmissionPolicy DEFAULT = new AdmissionPolicy(10_000);

  public boolean admits(int queuedNow) {
    return queuedNow < maxQueuedJobs;
  }
}
