package dev.mayfly.it.simulation;

import dev.mayfly.worker.core.attempt.AttemptJournals;
import dev.mayfly.worker.core.attempt.JournalEntry;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Journals on a host's disk, which may be full; each knows in which boot it was written. */
final class SimulatedJournals implements AttemptJournals {
  private record Written(JournalEntry entry, int boot) {}

  private final Map<AttemptLease, Written> written = new LinkedHashMap<>();
  private final BooleanSupplier full;
  private int boot;

  SimulatedJournals(BooleanSupplier full) {
    this.full = full;
  }

  void hostBooted() {
    boot++;
  }

  @Override
  public void write(JournalEntry entry) throws IOException {
    if (full.getAsBoolean()) {
      throw new IOException("No space left on device");
    }
    written.put(entry.terms().lease(), new Written(entry, boot));
  }

  @Override
  public void remove(AttemptLease lease) {
    written.remove(lease);
  }

  @Override
  public List<AttemptLease> leases() {
    return List.copyOf(written.keySet());
  }

  @Override
  public List<Found> read() {
    return written.values().stream()
        .map(journal -> new Found(journal.entry(), journal.boot() == boot))
        .toList();
  }
}
