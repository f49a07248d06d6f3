package dev.mayfly.core.job;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.JobId;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.log.LogChunk;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the in-memory stores share; each of them locks it for the length of a call. */
public final class InMemoryDatabase {
  public final TreeMap<JobId, Job> jobs = new TreeMap<>();
  public final Map<String, KeyedJob> keys = new HashMap<>();
  public final Map<WorkerId, Worker> workers = new HashMap<>();
  public final Map<AttemptId, List<LogChunk>> logs = new HashMap<>();

  /** Who has taken an idempotency key. */
  public record KeyedJob(JobId job, String fingerprint) {}

  public List<LogChunk> log(AttemptId attempt) {
    return logs.computeIfAbsent(attempt, _ -> new ArrayList<>());
  }
}
