package dev.mayfly.core.job;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.JobId;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildId;
import dev.mayfly.core.image.ImageBuildStore;
import dev.mayfly.core.log.LogChunk;
import dev.mayfly.core.placement.Explanation;
import dev.mayfly.core.quota.Quotas;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What the in-memory stores share; each of them locks it for the length of a call. */
public final class InMemoryDatabase {
  public final TreeMap<JobId, Job> jobs = new TreeMap<>();

  /** Attempts of each job before its last one, by number. */
  public final Map<JobId, List<Attempt>> earlier = new HashMap<>();

  public final Map<String, KeyedJob> keys = new HashMap<>();
  public final Map<WorkerId, Worker> workers = new HashMap<>();

  /** When each worker was last put on duty. */
  public final Map<WorkerId, Instant> resumed = new HashMap<>();

  public final Map<AttemptId, List<LogChunk>> logs = new HashMap<>();
  public final Map<String, Explanation> explanations = new HashMap<>();
  public final TreeMap<ImageBuildId, ImageBuild> builds = new TreeMap<>();
  public final Map<ImageBuildId, List<ImageBuildStore.Line>> buildLines = new HashMap<>();
  public Quotas quotas = Quotas.NONE;

  /** Who has taken an idempotency key. */
  public record KeyedJob(JobId job, String fingerprint) {}

  /** Stores a build unless one of its image is open; the open one. */
  public ImageBuild request(ImageBuild build) {
    for (ImageBuild other : builds.values()) {
      if (!other.ended() && other.image().equals(build.image())) {
        return other;
      }
    }
    builds.put(build.id(), build);
    return build;
  }

  public List<LogChunk> log(AttemptId attempt) {
    return logs.computeIfAbsent(attempt, _ -> new ArrayList<>());
  }

  /** An attempt of whatever number; null: there is none. */
  public @Nullable Attempt attempt(AttemptId id) {
    Job job = jobs.get(id.job());
    Attempt last = job == null ? null : job.attempt();
    if (last != null && last.id().equals(id)) {
      return last;
    }
    return earlier.getOrDefault(id.job(), List.of()).stream()
        .filter(attempt -> attempt.id().equals(id))
        .findFirst()
        .orElse(null);
  }

  /** Every attempt of a job, by number. */
  public List<Attempt> attempts(JobId id) {
    List<Attempt> all = new ArrayList<>(earlier.getOrDefault(id, List.of()));
    Job job = jobs.get(id);
    if (job != null && job.attempt() != null) {
      all.add(job.attempt());
    }
    return all;
  }

  /** Stores an attempt that exists in place of what it was; its job's version stays. */
  public void put(Attempt attempt) {
    Job job = jobs.get(attempt.id().job());
    if (job == null) {
      return;
    }
    Attempt last = job.attempt();
    if (last != null && last.id().equals(attempt.id())) {
      jobs.put(job.id(), with(job, attempt, job.sessionUntil()));
    } else {
      earlier
          .getOrDefault(job.id(), List.of())
          .replaceAll(old -> old.id().equals(attempt.id()) ? attempt : old);
    }
  }

  static Job with(Job job, @Nullable Attempt attempt, @Nullable Instant sessionUntil) {
    return new Job(
        job.id(),
        job.version(),
        job.spec(),
        job.submittedAt(),
        job.progress(),
        job.endRequest(),
        job.tries(),
        attempt,
        sessionUntil);
  }
}
