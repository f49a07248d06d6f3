package dev.mayfly.worker.core.log;

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
   * A spool that another process has left; its attempt is gone, or its microVM lives on. More may
   * be appended.
   *
   * @param last its last chunk; 0 when it is empty
   * @param acknowledged its last chunk that is acknowledged
   * @param state what is known beside the chunks; more bytes than it tells were not lost, but were
   *     never safe
   */
  record Leftover(
      AttemptLease lease, AttemptSpool spool, long last, long acknowledged, SpoolState state) {}

  /** The chunks of one attempt. Not thread-safe: its {@link AttemptLog} guards it. */
  interface AttemptSpool {

    /** Adds bytes, and with them, at once or not at all, what they change in the state. */
    void append(SpoolRecord record) throws IOException;

    /** Raw output was taken that adds nothing to any chunk. */
    void progress(ExecStream stream, RawProgress raw, LogTotals totals) throws IOException;

    /** The streams of this exec are not asked about again. Idempotent. */
    void forget(int exec) throws IOException;

    /** How many bytes of a chunk are here; 0 when it is acknowledged or not there yet. */
    int length(long sequence);

    /** A chunk as far as it has been appended; empty when it is acknowledged or not there yet. */
    Optional<LogChunk> read(long sequence) throws IOException;

    /** Everything up to this chunk may be forgotten. Idempotent; never goes back. */
    void acknowledge(long sequence) throws IOException;

    /** Removes the spool. Idempotent. */
    void delete() throws IOException;
  }
}
