package dev.mayfly.core.log;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.JobId;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.InMemoryDatabase;
import dev.mayfly.core.job.InMemoryJobStore;
import dev.mayfly.core.job.JobStore;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
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
      Attempt attempt = database.attempt(claim.attempt());
      if (attempt == null
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
      put(attempt, new Attempt.StoredLog(stored, bytes, attempt.log().removedAt()));
      return new Append.Stored(stored);
    }
  }

  private void put(Attempt attempt, Attempt.StoredLog log) {
    database.put(InMemoryJobStore.withLog(attempt, log));
  }

  @Override
  public Slice read(JobId job, LogCursor from, Selection selection, int maxBytes, int maxChunks) {
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
        Piece piece = piece(chunk, from, selection, maxBytes - bytes);
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
      LogChunk chunk, LogCursor from, Selection selection, int room) {
    int skip = chunk.sequence() == from.sequence() ? from.offset() : 0;
    int length = Math.min(chunk.size() - skip, room);
    if (!selection.wants(chunk) || length <= 0) {
      return null;
    }
    ByteBuffer data = chunk.data().slice(chunk.data().position() + skip, length);
    return new Piece(
        new LogChunk(chunk.sequence(), chunk.stream(), chunk.at(), data, chunk.exec()),
        skip + length < chunk.size()
            ? new LogCursor(from.attempt(), chunk.sequence(), skip + length)
            : LogCursor.after(from.attempt(), chunk));
  }

  @Override
  public int removeFinished(Instant before, Instant now, int limit) {
    synchronized (database) {
      int removed = 0;
      List<Attempt> all =
          database.jobs.keySet().stream().flatMap(job -> database.attempts(job).stream()).toList();
      for (Attempt attempt : all) {
        if (removed < limit
            && attempt.log().removedAt() == null
            && attempt.state() instanceof AttemptState.Finished finished
            && finished.at().isBefore(before)) {
          database.logs.remove(attempt.id());
          Attempt.StoredLog log = attempt.log();
          put(attempt, new Attempt.StoredLog(log.chunks(), log.bytes(), now));
          removed++;
        }
      }
      return removed;
    }
  }
}
