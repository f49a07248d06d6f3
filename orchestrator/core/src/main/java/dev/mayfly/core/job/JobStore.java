package dev.mayfly.core.job;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.WorkerId;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Port: where jobs and their attempts are kept. Every call is one transaction. Safe for use by
 * several threads and several orchestrators. A breakage of the store is an unchecked exception;
 * nothing is half-written then.
 */
public interface JobStore {

  /** Names an attempt and the lease under which somebody speaks about it. */
  record Claim(AttemptId attempt, LeaseEpoch epoch) {}

  /**
   * What became of a worker's claims; a claim in none of them is finished, but part of its log is
   * still wanted.
   *
   * @param renewed leases that now last longer
   * @param voided unknown, of another epoch or worker, expired or ended: to be destroyed
   */
  record Renewal(Set<Claim> renewed, Set<Claim> voided) {}

  /**
   * Stores a new job, once per key.
   *
   * @return Accepted, Repeated or KeyTaken
   */
  Submission submit(Job job, @Nullable IdempotencyKey key);

  /** What was made under the key: Repeated or KeyTaken; empty: nothing. */
  Optional<Submission> submitted(IdempotencyKey key);

  Optional<Job> find(JobId id);

  List<Job> list(JobQuery query);

  /** The oldest waiting jobs, oldest first. */
  List<Job> queued(int limit);

  /** How many wait; counts no further than {@code atMost}. */
  int countQueued(int atMost);

  /** Unfinished jobs whose attempt is on the worker, oldest first. */
  List<Job> activeOn(WorkerId worker);

  /** Jobs whose current lease has expired at the instant. */
  List<Job> expired(Instant now, int limit);

  /**
   * Replaces a job by its next version if it is still as {@code before}: same version and, where
   * there is an attempt, same lease. The stored log's size is not touched.
   *
   * @return false when it has changed meanwhile; read it again
   */
  boolean commit(Job before, Job after);

  /**
   * As {@link #commit}, for a placement: refuses also when the worker no longer has room, so that
   * two orchestrators never over-commit one.
   */
  boolean commitPlacement(Job before, Job after);

  /** Stores why a job waits; nothing when it no longer does. */
  void explain(JobId job, String waitingBecause);

  /** Renews those of a worker's leases that are neither finished nor expired. Idempotent. */
  Renewal renew(WorkerId worker, Collection<Claim> claims, Instant now, Instant expiresAt);

  /** Shortens the lease of one attempt, never lengthens it. Idempotent. */
  void shorten(Claim claim, Instant expiresAt);

  /** Removes jobs that finished before the instant, with their logs; at most {@code limit}. */
  int removeFinished(Instant before, int limit);
}
