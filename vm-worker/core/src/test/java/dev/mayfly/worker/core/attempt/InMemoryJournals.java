package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.lease.AttemptLease;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Journals that outlive a worker's core, but not the host, and a disk that may be full. */
public final class InMemoryJournals implements AttemptJournals {
  private final Map<AttemptLease, JournalEntry> entries = new LinkedHashMap<>();
  private final List<JournalEntry> history = new ArrayList<>();
  private boolean full;
  private boolean booted;

  /** From now on nothing can be written. */
  public synchronized void fill() {
    full = true;
  }

  /** The host boots: what was written is of an earlier boot. */
  public synchronized void boot() {
    booted = true;
  }

  /** What is written about a lease. */
  public synchronized JournalEntry entry(AttemptLease lease) {
    var entry = entries.get(lease);
    if (entry == null) {
      throw new IllegalStateException("nothing is written about " + lease);
    }
    return entry;
  }

  /** All that was ever written, in order. */
  public synchronized List<JournalEntry> history() {
    return List.copyOf(history);
  }

  @Override
  public synchronized void write(JournalEntry entry) throws IOException {
    if (full) {
      throw new IOException("No space left on device");
    }
    history.add(entry);
    entries.put(entry.terms().lease(), entry);
  }

  @Override
  public synchronized void remove(AttemptLease lease) {
    entries.remove(lease);
  }

  @Override
  public synchronized List<AttemptLease> leases() {
    return List.copyOf(entries.keySet());
  }

  @Override
  public synchronized List<Found> read() {
    return entries.values().stream().map(entry -> new Found(entry, !booted)).toList();
  }
}
