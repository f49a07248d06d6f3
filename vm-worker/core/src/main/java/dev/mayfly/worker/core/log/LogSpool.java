package dev.mayfly.worker.core.log;

import dev.mayfly.api.LogStream;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Port to where chunks wait until the orchestrator has stored them. What {@link
 * AttemptSpool#append} returned from survives the end of the worker process (not of the host: the
 * microVM does not survive that either).
 */
public interface LogSpool {

  /**
   * Makes an empty spool; what an earlier try under the same name left is removed.
   *
   * @throws IOException when the disk does not let us
   */
  AttemptSpool create(AttemptLease lease) throws IOException;

  /** Opens what earlier worker processes left; a spool that cannot be read is left out, logged. */
  List<Leftover> leftovers();

  /**
   * A spool whose attempt is gone.
   *
   * @param last its last chunk; 0 when it is empty
   * @param acknowledged its last chunk that is acknowledged
   */
  record Leftover(AttemptLease lease, AttemptSpool spool, long last, long acknowledged) {}

  /** The chunks of one attempt. Not thread-safe: its {@link AttemptLog} guards it. */
  interface AttemptSpool {

    /**
     * Adds bytes to the end of a chunk: of the one added to last, or of the next one.
     *
     * @param microsSinceAssigned counts where the chunk begins
     */
    void append(
        long sequence,
        LogStream stream,
        long microsSinceAssigned,
        byte[] data,
        int from,
        int length)
        throws IOException;

    /** A chunk as far as it has been appended; empty when it is acknowledged or not there yet. */
    Optional<LogChunk> read(long sequence) throws IOException;

    /** Everything up to this chunk may be forgotten. Idempotent; never goes back. */
    void acknowledge(long sequence) throws IOException;

    /** Removes the spool. Idempotent. */
    void delete() throws IOException;
  }
}
