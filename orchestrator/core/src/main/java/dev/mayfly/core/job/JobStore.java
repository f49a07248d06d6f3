package dev.mayfly.core.job;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.image.ImageBuild;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Port: where jobs and their attempts are kept. Every call is one transaction. Safe for use by
 * several threads and several orchestrators. A breakage of the store is an unchecked exception;
 * nothing is half-written then, but the caller cannot know whether it was written.
 */
public interface JobStore {

  /** Names an attempt and the lease under which somebody speaks about it. */
  record Claim(AttemptId attempt, LeaseEpoch epoch) {}

  /**
   * What became of a worker's claims; a claim in none of them is finished, but part of its log is
   * still wanted.
   *
   * @param renewed leases that now last at least as long as was asked
   * @param voided unknown, of another epoch or worker, expired or ended: to be destroyed
   */
  record Renewal(Set<Claim> renewed, Set<Claim> voided) {}

  /** One placement to be committed: the job as it was read, and with its new attempt. */
  record Placement(Job before, Job after) {}

  /**
   * What the active jobs of a project use.
   *
   * @param reserved by their unfinished attempts
   */
  record ProjectUse(int jobs, Capacity reserved) {
    public static final ProjectUse NONE = new ProjectUse(0, Capacity.NONE);
  }

  /**
   * Jobs that wait with the same demand.
   *
   * @param count how many, those in backoff included; counted no further than {@value
   *     #MOST_COUNTED}, so that the length of the queue costs nothing
   * @param oldest the one submitted first
   */
  record Waiting(Demand demand, int count, JobId oldest) {
    public static final int MOST_COUNTED = 100;
  }

  /**
   * Stores a new job, once per key.
   *
   * @return Accepted, Repeated or KeyTaken
   */
  Submission submit(Job job, @Nullable IdempotencyKey key);

  /**
   * Stores a new job that waits for its image, once per key, and with it the build that it waits
   * for, unless one of that image is under way: one of a name at a time.
   *
   * @return Accepted, Repeated or KeyTaken
   */
  Submission submit(Job job, @Nullable IdempotencyKey key, ImageBuild build);

  /** Jobs that wait for their images, the oldest first. */
  List<Job> awaitingImage(int limit);

  /** What was made under the key: Repeated or KeyTaken; empty: nothing. */
  Optional<Submission> submitted(IdempotencyKey key);

  Optional<Job> find(JobId id);

  /** Every attempt of a job, by number; empty when there is none. */
  List<Attempt> attempts(JobId id);

  List<Job> list(JobQuery query);

  /**
   * The head of the queue: for each project its first jobs that may be placed now (those whose
   * image is still to be built may not), by priority (highest first) and submission. Its cost
   * depends on the number of projects, not on the length of the queue.
   */
  List<Job> heads(Instant now, int perProject);

  /**
   * As {@link #heads}, but without jobs of these demands, however many of them wait in front. As it
   * is here it reads the whole queue; a store of long queues knows better.
   */
  default List<Job> headsBeside(Set<Demand> demands, Instant now, int perProject) {
    Map<ProjectName, Integer> taken = new HashMap<>();
    return heads(now, Integer.MAX_VALUE).stream()
        .filter(job -> !demands.contains(job.spec().demand()))
        .filter(job -> taken.merge(job.spec().demand().project(), 1, Integer::sum) <= perProject)
        .toList();
  }

  /** The distinct demands of all waiting jobs, at most {@code limit}, those of the oldest first. */
  List<Waiting> waiting(int limit);

  /** What each project with active jobs uses. */
  Map<ProjectName, ProjectUse> use();

  /** How many wait; counts no further than {@code atMost}. */
  int countQueued(int atMost);

  /**
   * How many waiting jobs of its project go before it: of a higher class, or of its own and
   * submitted earlier; counts no further than {@code atMost}.
   */
  int aheadOf(Job job, int atMost);

  /** Unfinished jobs whose attempt is on the worker, oldest first. */
  List<Job> activeOn(WorkerId worker);

  /** Jobs whose current lease has expired at the instant. */
  List<Job> expired(Instant now, int limit);

  /** Waiting jobs whose time in the queue (since {@code Queued.since}) is over. */
  List<Job> queueTimedOut(Instant now, int limit);

  /** Unfinished sessions whose front end has not renewed them, and whose end nobody wants yet. */
  List<Job> sessionsExpired(Instant now, int limit);

  /**
   * Moves the end of a session's own lease; never back. Idempotent.
   *
   * @return false when there is no such unfinished session
   */
  boolean renewSession(JobId job, Instant until);

  /**
   * Replaces a job by its next version if it is still as {@code before}: same version and, where
   * there is an attempt, same lease. The stored log's size and the session's lease are not touched.
   *
   * @return false when it has changed meanwhile; read it again
   */
  boolean commit(Job before, Job after);

  /**
   * Commits placements, each as {@link #commit} does, in the order given, all in one transaction
   * that no other placement runs beside: a worker without room, a project or the whole at its cap,
   * or a worker that takes no work any more refuses the single placement. So concurrent
   * orchestrators never overshoot.
   *
   * @return those committed; empty also when another orchestrator is placing right now
   */
  Set<JobId> commitPlacements(List<Placement> placements);

  /**
   * Renews those of a worker's leases that are neither finished nor expired: none ends earlier for
   * it. Idempotent.
   */
  Renewal renew(WorkerId worker, Collection<Claim> claims, Instant now, Instant expiresAt);

  /** Shortens the lease of one attempt, never lengthens it. Idempotent. */
  void shorten(Claim claim, Instant expiresAt);

  /** Removes jobs that finished before the instant, with their logs; at most {@code limit}. */
  int removeFinished(Instant before, int limit);
}
