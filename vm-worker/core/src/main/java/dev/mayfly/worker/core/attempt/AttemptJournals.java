package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.lease.AttemptLease;
import java.io.IOException;
import java.util.List;

/**
 * Port to where the journals of attempts lie. What {@link #write} returned from survives the end of
 * the worker process (not of the host: the microVM does not survive that either). Thread-safe, but
 * for two writers of one lease.
 */
public interface AttemptJournals {

  /** Puts this in the place of what there was about its lease, at once or not at all. */
  void write(JournalEntry entry) throws IOException;

  /** Removes what there is about a lease. Idempotent. */
  void remove(AttemptLease lease) throws IOException;

  /** Of which leases there is a journal, readable or not. */
  List<AttemptLease> leases() throws IOException;

  /** All that can be read; what cannot be is logged and left out. */
  List<Found> read();

  /**
   * What an earlier process of this worker wrote.
   *
   * @param sameBoot the host has not booted since: its clock and its processes are those meant
   */
  record Found(JournalEntry entry, boolean sameBoot) {}
}
