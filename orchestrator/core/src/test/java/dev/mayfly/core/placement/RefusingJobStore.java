package dev.mayfly.core.placement;

import dev.mayfly.api.JobId;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.job.Attempt;
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

/** A store at which others are always faster: it refuses every commit. */
final class RefusingJobStore implements JobStore {
  private final JobStore jobs;

  RefusingJobStore(JobStore jobs) {
    this.jobs = jobs;
  }

  @Override
  public boolean commit(Job before, Job after) {
    return false;
  }

  @Override
  public Set<JobId> commitPlacements(List<Placement> placements) {
    return Set.of();
  }

  @Override
  public Submission submit(Job job, @Nullable IdempotencyKey key) {
    return jobs.submit(job, key);
  }

  @Override
  public Submission submit(Job job, @Nullable IdempotencyKey key, ImageBuild build) {
    return jobs.submit(job, key, build);
  }

  @Override
  public List<Job> awaitingImage(int limit) {
    return jobs.awaitingImage(limit);
  }

  @Override
  public Optional<Submission> submitted(IdempotencyKey key) {
    return jobs.submitted(key);
  }

  @Override
  public Optional<Job> find(JobId id) {
    return jobs.find(id);
  }

  @Override
  public List<Attempt> attempts(JobId id) {
    return jobs.attempts(id);
  }

  @Override
  public List<Job> list(JobQuery query) {
    return jobs.list(query);
  }

  @Override
  public List<Job> heads(Instant now, int perProject) {
    return jobs.heads(now, perProject);
  }

  @Override
  public List<Waiting> waiting(int limit) {
    return jobs.waiting(limit);
  }

  @Override
  public Map<ProjectName, ProjectUse> use() {
    return jobs.use();
  }

  @Override
  public int countQueued(int atMost) {
    return jobs.countQueued(atMost);
  }

  @Override
  public int aheadOf(Job job, int atMost) {
    return jobs.aheadOf(job, atMost);
  }

  @Override
  public List<Job> activeOn(WorkerId worker) {
    return jobs.activeOn(worker);
  }

  @Override
  public List<Job> expired(Instant now, int limit) {
    return jobs.expired(now, limit);
  }

  @Override
  public List<Job> queueTimedOut(Instant now, int limit) {
    return jobs.queueTimedOut(now, limit);
  }

  @Override
  public List<Job> sessionsExpired(Instant now, int limit) {
    return jobs.sessionsExpired(now, limit);
  }

  @Override
  public boolean renewSession(JobId job, Instant until) {
    return jobs.renewSession(job, until);
  }

  @Override
  public Renewal renew(WorkerId worker, Collection<Claim> claims, Instant now, Instant expiresAt) {
    return jobs.renew(worker, claims, now, expiresAt);
  }

  @Override
  public void shorten(Claim claim, Instant expiresAt) {
    jobs.shorten(claim, expiresAt);
  }

  @Override
  public int removeFinished(Instant before, int limit) {
    return jobs.removeFinished(before, limit);
  }
}
