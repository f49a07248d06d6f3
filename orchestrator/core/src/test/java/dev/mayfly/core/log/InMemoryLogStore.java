package dev.mayfly.core.log;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.InMemoryDatabase;
import dev.mayfly.core.job.InMemoryJobStore;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobStore;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A {@link LogStore} in a map. */
public final class InMemoryLogStore implements LogStore {
  private final InMemoryDatabase database;

  public InMemoryLogStore(InMemoryDatabase database) {
    this.database = database;
  }

  @Override
  public Append append(JobStore.Claim claim, List<LogChunk> chunks) {
    synchronized (database) {
      Job job = database.jobs.get(claim.attempt().job());
      Attempt attempt = job == null ? null : job.attempt();
      if (job == null
          || attempt == null
          || !attempt.id().equals(claim.attempt())
          || !attempt.lease().epoch().equals(claim.epoch())
          || attempt.logComplete()) {
        return new Append.Unwanted();
      }
      long stored = attempt.log().chunks();
      if (chunks.getFirst().sequence() > stored + 1) {
        return new Append.Gap(stored + 1);
      }
      long bytes = attempt.log().bytes();
      long wanted =
          attempt.state() instanceof AttemptState.Finished finished
              ? finished.logChunks()
              : Long.MAX_VALUE;
      for (LogChunk chunk : chunks) {
        if (chunk.sequence() == stored + 1 && chunk.sequence() <= wanted) {
          database.log(attempt.id()).add(chunk);
          stored++;
          bytes += chunk.size();
        }
      }
      put(job, attempt, new Attempt.StoredLog(stored, bytes, attempt.log().removedAt()));
      return new Append.Stored(stored);
    }
  }

  private void put(Job job, Attempt attempt, Attempt.StoredLog log) {
    database.jobs.put(
        job.id(),
        new Job(
            job.id(),
            job.version(),
            job.spec(),
            job.submittedAt(),
            job.progress(),
            job.cancelRequested(),
            InMemoryJobStore.withLog(attempt, log)));
  }

  @Override
  public Slice read(
      JobId job, LogCursor from, Set<LogStream> streams, int maxBytes, int maxChunks) {
    synchronized (database) {
      List<Piece> pieces = new ArrayList<>();
      LogCursor next = from;
      int bytes = 0;
      for (LogChunk chunk : database.log(new AttemptId(job, from.attempt()))) {
        if (chunk.sequence() < from.sequence()) {
          continue;
        }
        if (bytes >= maxBytes || pieces.size() >= maxChunks) {
          break;
        }
        Piece piece = piece(chunk, from, streams, maxBytes - bytes);
        if (piece == null) {
          next = LogCursor.after(from.attempt(), chunk);
          continue;
        }
        pieces.add(piece);
        bytes += piece.chunk().size();
        next = piece.next();
      }
      return new Slice(pieces, next);
    }
  }

  private static @Nullable Piece piece(
      LogChunk chunk, LogCursor from, Set<LogStream> streams, int room) {
    int skip = chunk.sequence() == from.sequence() ? from.offset() : 0;
    int length = Math.min(chunk.size() - skip, room);
    if (!streams.contains(chunk.stream()) || length <= 0) {
      return null;
    }
    ByteBuffer data = chunk.data().slice(chunk.data().position() + skip, length);
    return new Piece(
        new LogChunk(chunk.sequence(), chunk.stream(), chunk.at(), data),
        skip + length < chunk.size()
            ? new LogCursor(from.attempt(), chunk.sequence(), skip + length)
            : LogCursor.after(from.attempt(), chunk));
  }

  @Override
  public int removeFinished(Instant before, Instant now, int limit) {
    synchronized (database) {
      int removed = 0;
      for (Job job : List.copyOf(database.jobs.values())) {
        Attempt attempt = job.attempt();
        if (removed < limit
            && attempt != null
            && attempt.log().removedAt() == null
            && attempt.state() instanceof AttemptState.Finished finished
            && finished.at().isBefore(before)) {
          database.logs.remove(attempt.id());
          Attempt.StoredLog log = attempt.log();
          put(job, attempt, new Attempt.StoredLog(log.chunks(), log.bytes(), now));
          removed++;
        }
      }
      return removed;
    }
  }
}
