package dev.mayfly.it.simulation;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.InMemoryDatabase;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobProgress;
import dev.mayfly.core.log.LogChunk;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What must hold in the database after every commit. */
final class StoredInvariants {
  private static final int MAX_REFUSALS = 101;

  /** A worker's own deadline is never after the orchestrator's; then it destroys at once. */
  private static final Duration LEASE_TOLERANCE = Duration.ofMillis(100);

  /** What nobody claims is destroyed within a minute. */
  private static final Duration END_TOLERANCE = Duration.ofMinutes(1);

  private final InMemoryDatabase tables;
  private final World world;
  private final Map<JobId, Job> known = new HashMap<>();
  private final Map<AttemptId, CheckedLog> checked = new HashMap<>();

  private static final class CheckedLog {
    int chunks;
    final Map<GuestStream, Long> bytes = new EnumMap<>(GuestStream.class);
  }

  StoredInvariants(InMemoryDatabase tables, World world) {
    this.tables = tables;
    this.world = world;
  }

  void check() {
    boolean moved = false;
    for (Job job : tables.jobs.values()) {
      Job before = known.put(job.id(), job);
      if (before != job) {
        moved = true;
        if (before != null) {
          changed(before, job);
        }
        bounded(job);
      }
    }
    if (moved) {
      room();
      keys();
      tables.logs.forEach(this::log);
    }
  }

  private static void changed(Job before, Job after) {
    if (before.progress() instanceof JobProgress.Finished
        && (!before.progress().equals(after.progress())
            || before.version() != after.version()
            || before.attempts() != after.attempts())) {
      throw new Violation("a finished job changed: " + before + " became " + after);
    }
    if (after.version() < before.version()) {
      throw new Violation("job " + before.id() + " went back to an older version");
    }
    Attempt old = before.attempt();
    Attempt now = after.attempt();
    if (old == null) {
      return;
    }
    if (now == null || now.id().number() < old.id().number()) {
      throw new Violation("job " + before.id() + " lost attempt " + old.id());
    }
    if (now.lease().epoch().compareTo(old.lease().epoch()) < 0) {
      throw new Violation("the epoch of " + old.id() + " went back");
    }
    if (now.id().number() > old.id().number()) {
      if (!old.finished()) {
        throw new Violation(now.id() + " was made while " + old.id() + " had its lease");
      }
      if (now.lease().epoch().compareTo(old.lease().epoch()) <= 0) {
        throw new Violation(now.id() + " has no newer epoch than " + old.id());
      }
    } else if (old.finished() && !old.state().equals(now.state())) {
      throw new Violation("the finished attempt " + old.id() + " changed");
    }
    if (now.log().chunks() < old.log().chunks() && now.id().equals(old.id())) {
      throw new Violation("the log of " + old.id() + " became shorter");
    }
  }

  private void bounded(Job job) {
    int refusals = job.tries().refusals();
    if (job.tries().faults() > job.spec().limits().attempts() || refusals > MAX_REFUSALS) {
      throw new Violation("job " + job.id() + " was tried too often: " + job.tries());
    }
    if (job.attempts() > job.spec().limits().attempts() + refusals) {
      throw new Violation(
          "job " + job.id() + " has " + job.attempts() + " attempts with " + job.tries());
    }
    int number = 0;
    for (Attempt earlier : tables.earlier.getOrDefault(job.id(), List.of())) {
      if (!earlier.finished() || earlier.id().number() != ++number) {
        throw new Violation("the earlier attempt " + earlier.id() + " is not a finished one");
      }
    }
  }

  private void room() {
    Map<WorkerId, Capacity> used = new HashMap<>();
    Map<ProjectName, Integer> active = new HashMap<>();
    int all = 0;
    for (Job job : tables.jobs.values()) {
      if (job.state() == JobState.ACTIVE) {
        Shape shape = job.spec().shape();
        used.merge(
            job.currentAttempt().worker(),
            Capacity.NONE.plus(shape),
            (there, one) -> there.plus(shape));
        active.merge(job.spec().demand().project(), 1, Integer::sum);
        all++;
      }
    }
    used.forEach((id, sum) -> {
      Worker worker = tables.workers.get(id);
      if (worker == null
          || sum.cpus() > worker.capacity().cpus()
          || sum.memoryMib() > worker.capacity().memoryMib()
          || sum.scratchMib() > worker.capacity().scratchMib()) {
        throw new Violation("worker " + id + " is overcommitted with " + sum);
      }
    });
    active.forEach((project, count) -> {
      if (count > tables.quotas.project(project).maxActive().orElse(Integer.MAX_VALUE)) {
        throw new Violation(project + " has " + count + " active jobs, more than its cap");
      }
    });
    if (all > tables.quotas.maxActive().orElse(Integer.MAX_VALUE)) {
      throw new Violation(all + " jobs are active, more than the cap over all");
    }
  }

  private void keys() {
    if (tables.jobs.size() > tables.keys.size()) {
      throw new Violation(
          tables.keys.size() + " keys made " + tables.jobs.size() + " jobs: one made two");
    }
  }

  private void log(AttemptId attempt, List<LogChunk> chunks) {
    CheckedLog done = checked.computeIfAbsent(attempt, unused -> new CheckedLog());
    if (chunks.size() < done.chunks) {
      throw new Violation("the log of " + attempt + " became shorter");
    }
    String microVm = microVmOf(attempt);
    for (; done.chunks < chunks.size(); done.chunks++) {
      LogChunk chunk = chunks.get(done.chunks);
      if (chunk.sequence() != done.chunks + 1L) {
        throw new Violation(
            "log of "
                + attempt
                + ": chunk "
                + chunk.sequence()
                + " lies where "
                + (done.chunks + 1)
                + " is due");
      }
      if (chunk.stream() == LogStream.STDOUT || chunk.stream() == LogStream.STDERR) {
        output(
            microVm,
            chunk.stream() == LogStream.STDOUT ? GuestStream.STDOUT : GuestStream.STDERR,
            chunk,
            done);
      }
    }
  }

  private void output(String microVm, GuestStream stream, LogChunk chunk, CheckedLog done) {
    long offset = done.bytes.getOrDefault(stream, 0L);
    byte[] bytes = chunk.bytes();
    for (byte one : bytes) {
      if (one != GuestProgram.byteAt(microVm, stream, offset)) {
        throw new Violation(
            "log of "
                + microVm
                + ": byte "
                + offset
                + " of "
                + stream
                + " is not what was printed");
      }
      offset++;
    }
    done.bytes.put(stream, offset);
    if (offset > world.printedBy(microVm, stream)) {
      throw new Violation("log of " + microVm + ": more of " + stream + " than was printed");
    }
  }

  /**
   * A microVM under a worker that is in charge of it has a lease, and belongs to an attempt that
   * has not ended, or not long ago.
   */
  void checkMicroVm(String microVm, WorkerId worker) {
    Instant now = world.time().instant();
    for (Job job : tables.jobs.values()) {
      for (Attempt attempt : tables.attempts(job.id())) {
        if (microVm.equals(microVmOf(attempt.id()))) {
          if (!attempt.worker().equals(worker)) {
            throw new Violation("microVM " + microVm + " runs where its attempt is not");
          }
          Instant expiry = attempt.lease().expiresAt();
          if (expiry.isBefore(now.minus(LEASE_TOLERANCE))) {
            throw new Violation("microVM " + microVm + " runs, and its lease ended at " + expiry);
          }
          if (attempt.state() instanceof AttemptState.Finished finished
              && finished.at().isBefore(now.minus(END_TOLERANCE))) {
            throw new Violation(
                "microVM " + microVm + " runs, and its attempt ended at " + finished.at());
          }
        }
      }
    }
  }

  static String microVmOf(AttemptId attempt) {
    String job = attempt.job().toString();
    return job.substring(job.length() - 12) + "." + attempt.number();
  }

  /** How much of a stream is stored. */
  long stored(AttemptId attempt, GuestStream stream) {
    CheckedLog done = checked.get(attempt);
    return done == null ? 0 : done.bytes.getOrDefault(stream, 0L);
  }
}
