package dev.mayfly.server.persistence;

import dev.mayfly.api.JobId;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.job.IdempotencyKey;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobQuery;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.job.Submission;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Jobs in the tables {@code job} and {@code attempt}. Plain SQL, because nearly every call is one
 * of a queue, or one of many that go into a transaction together.
 */
class JdbcJobStore implements JobStore, PendingAssignments {

  /** While one transaction waits for the disk, the next is made ready. */
  private static final int LANES = 2;

  private final JobReads reads;
  private final JobWrites writes;
  private final LeaseWrites leases;
  private final QueueLength queueLength;
  private final PlacementWrites placements;
  private final GroupCommit<JobWrites.Entry, Submission> submissions;
  private final GroupCommit<JobWrites.Change, Boolean> changes;
  private final GroupCommit<LeaseWrites.Claims, Renewal> renewals;

  /** Also together: a thousand workers' reports must not keep all connections from the writers. */
  private final GroupCommit<JobId, Optional<Job>> finds;

  JdbcJobStore(Database database, PlacementWrites placements) {
    reads = new JobReads(database);
    writes = new JobWrites(database);
    leases = new LeaseWrites(database);
    this.placements = placements;
    queueLength = new QueueLength(reads::countQueued, System::nanoTime);
    submissions = new GroupCommit<>(LANES, writes::submit);
    changes = new GroupCommit<>(LANES, writes::commit);
    finds = new GroupCommit<>(LANES, reads::find);
    renewals = new GroupCommit<>(1, leases::renew);
  }

  @Override
  public Submission submit(Job job, @Nullable IdempotencyKey key) {
    return submit(new JobWrites.Entry(job, key, null));
  }

  @Override
  public Submission submit(Job job, @Nullable IdempotencyKey key, ImageBuild build) {
    return submit(new JobWrites.Entry(job, key, build));
  }

  private Submission submit(JobWrites.Entry entry) {
    Submission submission = submissions.call(entry);
    queueLength.oneMore();
    return submission;
  }

  @Override
  public List<Job> awaitingImage(int limit) {
    return reads.awaitingImage(limit);
  }

  @Override
  public Optional<Submission> submitted(IdempotencyKey key) {
    return reads.submitted(key);
  }

  @Override
  public Optional<Job> find(JobId id) {
    return finds.call(id);
  }

  @Override
  public List<Attempt> attempts(JobId id) {
    return reads.attempts(id);
  }

  @Override
  public List<Job> list(JobQuery query) {
    return reads.list(query);
  }

  @Override
  public List<Job> heads(Instant now, int perProject) {
    return reads.heads(now, perProject);
  }

  @Override
  public List<Job> headsBeside(Set<Demand> demands, Instant now, int perProject) {
    return reads.headsBeside(demands, now, perProject);
  }

  @Override
  public List<Waiting> waiting(int limit) {
    return reads.waiting(limit);
  }

  @Override
  public Map<ProjectName, ProjectUse> use() {
    return reads.use();
  }

  @Override
  public int countQueued(int atMost) {
    return queueLength.count(atMost);
  }

  @Override
  public int aheadOf(Job job, int atMost) {
    return reads.aheadOf(job, atMost);
  }

  @Override
  public List<Job> activeOn(WorkerId worker) {
    return reads.activeOn(worker);
  }

  @Override
  public List<Job> pendingOn(Collection<WorkerId> workers) {
    return reads.pendingOn(workers);
  }

  @Override
  public List<Job> expired(Instant now, int limit) {
    return reads.expired(now, limit);
  }

  @Override
  public List<Job> queueTimedOut(Instant now, int limit) {
    return reads.queueTimedOut(now, limit);
  }

  @Override
  public List<Job> sessionsExpired(Instant now, int limit) {
    return reads.sessionsExpired(now, limit);
  }

  @Override
  public boolean renewSession(JobId job, Instant until) {
    return leases.renewSession(job, until);
  }

  @Override
  public boolean commit(Job before, Job after) {
    return changes.call(new JobWrites.Change(before, after));
  }

  @Override
  public Set<JobId> commitPlacements(List<Placement> chosen) {
    return placements.commit(chosen);
  }

  @Override
  public Renewal renew(WorkerId worker, Collection<Claim> claims, Instant now, Instant expiresAt) {
    return renewals.call(new LeaseWrites.Claims(worker, claims, now, expiresAt));
  }

  @Override
  public void shorten(Claim claim, Instant expiresAt) {
    leases.shorten(claim, expiresAt);
  }

  @Override
  public int removeFinished(Instant before, int limit) {
    return writes.removeFinished(before, limit);
  }
}
