package dev.mayfly.core.exec;

import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.IdempotencyKey;
import dev.mayfly.core.job.InMemoryDatabase;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobProgress;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.job.Workload;
import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** An {@link ExecStore} in maps. */
public final class InMemoryExecStore implements ExecStore {
  private final InMemoryDatabase database;
  private final Map<JobId, TreeMap<Integer, Entry>> execs = new HashMap<>();
  private final Map<String, Opened> keys = new HashMap<>();

  private record Opened(int number, String fingerprint) {}

  private static final class Entry {
    private Exec exec;
    private final ByteArrayOutputStream input = new ByteArrayOutputStream();
    private final List<Signal> signals = new ArrayList<>();
    private boolean discarded;

    private Entry(Exec exec) {
      this.exec = exec;
    }
  }

  public InMemoryExecStore(InMemoryDatabase database) {
    this.database = database;
  }

  @Override
  public Opening open(JobId id, ExecSpec spec, @Nullable IdempotencyKey key, Instant now) {
    synchronized (database) {
      Job job = database.jobs.get(id);
      if (job == null) {
        return new Opening.NoSuchJob();
      }
      Opened earlier = key == null ? null : keys.get(id + key.value());
      if (key != null && earlier != null) {
        return earlier.fingerprint().equals(key.fingerprint())
            ? new Opening.Repeated(find(id, earlier.number()).orElseThrow())
            : new Opening.KeyTaken(earlier.number());
      }
      Opening refused = refusal(job);
      if (refused != null) {
        return refused;
      }
      TreeMap<Integer, Entry> all = execs.computeIfAbsent(id, _ -> new TreeMap<>());
      if (all.values().stream().filter(entry -> !entry.exec.ended()).count() >= Exec.MAX_OPEN) {
        return new Opening.TooMany(Exec.MAX_OPEN, true);
      }
      int number = all.isEmpty() ? 1 : all.lastKey() + 1;
      Attempt attempt = job.currentAttempt();
      Exec exec = Exec.opened(id, number, attempt.id().number(), spec, now, attempt.log().chunks());
      all.put(number, new Entry(exec));
      if (key != null) {
        keys.put(id + key.value(), new Opened(number, key.fingerprint()));
      }
      return new Opening.Opened(exec);
    }
  }

  private static @Nullable Opening refusal(Job job) {
    if (!(job.spec().workload() instanceof Workload.Session)) {
      return new Opening.NotASession();
    }
    if (job.progress() instanceof JobProgress.Finished || job.endRequest() != null) {
      return new Opening.JobEnded();
    }
    return job.progress() instanceof JobProgress.Active
            && job.currentAttempt().state() instanceof AttemptState.Running
        ? null
        : new Opening.NotRunning();
  }

  private @Nullable Entry entry(JobId job, int number) {
    return execs.getOrDefault(job, new TreeMap<>()).get(number);
  }

  @Override
  public Optional<Exec> find(JobId job, int number) {
    synchronized (database) {
      return Optional.ofNullable(entry(job, number)).map(entry -> entry.exec);
    }
  }

  @Override
  public List<Exec> list(JobId job, int after, int limit) {
    synchronized (database) {
      return execs.getOrDefault(job, new TreeMap<>()).tailMap(after, false).values().stream()
          .limit(limit)
          .map(entry -> entry.exec)
          .toList();
    }
  }

  @Override
  public Written write(JobId job, int number, long offset, byte[] data, boolean end) {
    synchronized (database) {
      Entry entry = entry(job, number);
      if (entry == null) {
        return new Written.NoSuchExec();
      }
      if (entry.exec.ended()) {
        return new Written.ExecEnded();
      }
      return switch (InputPolicy.decide(entry.exec.input(), offset, data.length, end)) {
        case InputPolicy.Choice.Take(int skip, int take, boolean ended) -> {
          entry.input.write(data, skip, take);
          ExecInput next = entry.exec.input().appended(take, ended);
          entry.exec = entry.exec.with(next);
          yield new Written.Stored(next.stored(), next.ended());
        }
        case InputPolicy.Choice.WrongOffset(long expected) -> new Written.WrongOffset(expected);
        case InputPolicy.Choice.WindowFull _ -> new Written.WindowFull();
        case InputPolicy.Choice.Closed _ -> new Written.Closed();
      };
    }
  }

  @Override
  public Signalled signal(JobId job, int number, int signal, boolean everything) {
    synchronized (database) {
      Entry entry = entry(job, number);
      if (entry == null) {
        return Signalled.NO_SUCH_EXEC;
      }
      if (entry.exec.ended()) {
        return Signalled.EXEC_ENDED;
      }
      int count = entry.exec.signals() + 1;
      if (count > Exec.MAX_SIGNALS) {
        return Signalled.TOO_MANY;
      }
      entry.signals.add(new Signal(count, signal, everything));
      entry.exec = entry.exec.withSignals(count);
      return Signalled.STORED;
    }
  }

  @Override
  public List<Due> open(Collection<WorkerId> workers) {
    synchronized (database) {
      List<Due> due = new ArrayList<>();
      for (TreeMap<Integer, Entry> all : execs.values()) {
        for (Entry entry : all.values()) {
          Exec exec = entry.exec;
          Attempt attempt = attempt(exec);
          if (!exec.ended() && !attempt.finished() && workers.contains(attempt.worker())) {
            due.add(
                new Due(
                    attempt.worker(),
                    new JobStore.Claim(attempt.id(), attempt.lease().epoch()),
                    exec.number(),
                    exec.state() instanceof ExecState.Pending,
                    exec.spec().takesInput(),
                    exec.input(),
                    exec.signals()));
          }
        }
      }
      return due;
    }
  }

  private Attempt attempt(Exec exec) {
    Attempt attempt = database.attempt(new dev.mayfly.api.AttemptId(exec.job(), exec.attempt()));
    if (attempt == null) {
      throw new IllegalStateException("an exec without an attempt");
    }
    return attempt;
  }

  @Override
  public List<Piece> input(JobId job, int number, long from, int maxBytes) {
    synchronized (database) {
      Entry entry = entry(job, number);
      if (entry == null || entry.exec.ended() || from >= entry.exec.input().stored()) {
        return List.of();
      }
      int start = Math.toIntExact(Math.max(from, entry.exec.input().acknowledged()));
      byte[] all = entry.input.toByteArray();
      int end = Math.min(all.length, start + Math.min(maxBytes, 65536));
      return List.of(new Piece(start, Arrays.copyOfRange(all, start, end)));
    }
  }

  @Override
  public List<Signal> signals(JobId job, int number, int after) {
    synchronized (database) {
      Entry entry = entry(job, number);
      return entry == null
          ? List.of()
          : entry.signals.stream().filter(signal -> signal.number() > after).toList();
    }
  }

  private @Nullable Entry fenced(WorkerId worker, JobStore.Claim claim, int number) {
    Entry entry = entry(claim.attempt().job(), number);
    if (entry == null || entry.exec.attempt() != claim.attempt().number()) {
      return null;
    }
    Attempt attempt = attempt(entry.exec);
    return attempt.worker().equals(worker) && attempt.lease().epoch().equals(claim.epoch())
        ? entry
        : null;
  }

  @Override
  public Applied acknowledge(
      WorkerId worker, JobStore.Claim claim, int number, long offset, long limit) {
    synchronized (database) {
      Entry entry = fenced(worker, claim, number);
      if (entry == null) {
        return Applied.FENCED;
      }
      ExecInput next = entry.exec.input().acknowledged(offset, limit);
      if (entry.exec.ended() || next.equals(entry.exec.input())) {
        return Applied.UNCHANGED;
      }
      entry.exec = entry.exec.with(next);
      return Applied.CHANGED;
    }
  }

  @Override
  public Applied apply(WorkerId worker, JobStore.Claim claim, int number, ExecEvent event) {
    synchronized (database) {
      Entry entry = fenced(worker, claim, number);
      if (entry == null) {
        return Applied.FENCED;
      }
      return change(entry, event) ? Applied.CHANGED : Applied.UNCHANGED;
    }
  }

  private static boolean change(Entry entry, ExecEvent event) {
    if (ExecMachine.apply(entry.exec, event) instanceof ExecStep.Changed(Exec after)) {
      entry.exec = after;
      return true;
    }
    return false;
  }

  @Override
  public List<JobId> endLeftOver(int limit) {
    synchronized (database) {
      List<JobId> jobs = new ArrayList<>();
      for (TreeMap<Integer, Entry> all : execs.values()) {
        for (Entry entry : all.values()) {
          if (jobs.size() < limit
              && attempt(entry.exec).state()
                  instanceof AttemptState.Finished(var outcome, Instant at, long chunks, var _)
              && change(entry, new ExecEvent.AttemptEnded(outcome, chunks, at))) {
            jobs.add(entry.exec.job());
          }
        }
      }
      return jobs;
    }
  }

  @Override
  public void discard(JobId job, int number) {
    synchronized (database) {
      Entry entry = entry(job, number);
      if (entry != null && entry.exec.spec() instanceof ExecSpec.Download) {
        database
            .log(attempt(entry.exec).id())
            .removeIf(chunk -> chunk.exec() == number && chunk.stream() == LogStream.FILE);
      }
    }
  }

  @Override
  public int discardFinished(Instant before, int limit) {
    synchronized (database) {
      Set<Entry> old = new HashSet<>();
      for (TreeMap<Integer, Entry> all : execs.values()) {
        for (Entry entry : all.values()) {
          if (old.size() < limit
              && !entry.discarded
              && entry.exec.spec() instanceof ExecSpec.Download
              && attempt(entry.exec).state() instanceof AttemptState.Finished finished
              && finished.at().isBefore(before)) {
            old.add(entry);
          }
        }
      }
      for (Entry entry : old) {
        discard(entry.exec.job(), entry.exec.number());
        entry.discarded = true;
      }
      return old.size();
    }
  }
}
