package dev.mayfly.core.log;

import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.core.job.JobStore;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Port: where logs are kept. Every call is one transaction. Safe for use by several threads. */
public interface LogStore {

  /** How an append went. */
  sealed interface Append {
    /**
     * Durable.
     *
     * @param sequence everything up to and including it is stored
     */
    record Stored(long sequence) implements Append {}

    /** The lease is void, or the log already complete: nobody wants it. */
    record Unwanted() implements Append {}

    /** Chunks are missing before the first one. */
    record Gap(long expected) implements Append {}
  }

  /**
   * A chunk as a reader gets it.
   *
   * @param next where the reader continues after it
   */
  record Piece(LogChunk chunk, LogCursor next) {}

  /**
   * Part of a log.
   *
   * @param next where the reader continues after all of it, whether or not its streams had any
   */
  record Slice(List<Piece> pieces, LogCursor next) {}

  /**
   * What of a log is wanted.
   *
   * @param exec only the output of this exec; null: of all, and what is no exec's
   */
  record Selection(Set<LogStream> streams, @Nullable Integer exec) {
    public Selection {
      streams = Set.copyOf(streams);
    }

    public boolean wants(LogChunk chunk) {
      return streams.contains(chunk.stream()) && (exec == null || exec == chunk.exec());
    }
  }

  /**
   * Stores chunks of one attempt, in order and without gaps among themselves; those stored before
   * are skipped. Durable when it returns.
   */
  Append append(JobStore.Claim attempt, List<LogChunk> chunks);

  /**
   * Reads from a cursor on: at most {@code maxBytes} bytes of the selection, cutting a chunk where
   * needed, and at most {@code maxChunks} chunks.
   */
  Slice read(JobId job, LogCursor from, Selection selection, int maxBytes, int maxChunks);

  /** Reads of all execs, and what is no exec's. */
  default Slice read(
      JobId job, LogCursor from, Set<LogStream> streams, int maxBytes, int maxChunks) {
    return read(job, from, new Selection(streams, null), maxBytes, maxChunks);
  }

  /** Removes the logs of attempts that finished before the instant; at most {@code limit}. */
  int removeFinished(Instant before, Instant now, int limit);
}
