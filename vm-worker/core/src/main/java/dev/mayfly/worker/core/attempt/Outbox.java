package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.log.LogChunk;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the orchestrator has still to be told: reports and log chunks, kept until acknowledged.
 *
 * <p>Delivery is at least once: each connection takes a new {@link Cursor} and so sends everything
 * unacknowledged again. Bounded by the slots: while nobody acknowledges, nobody assigns.
 * Thread-safe.
 */
public final class Outbox implements AttemptReports {
  private static final Logger log = LoggerFactory.getLogger(Outbox.class);

  private final Map<AttemptLease, Entry> entries = new LinkedHashMap<>();
  private final Runnable nudge;

  private static final class Entry {
    final AttemptLog log;
    final @Nullable AttemptJournal journal;
    final Deque<AttemptReport> reports = new ArrayDeque<>();
    boolean closed;

    Entry(AttemptLog log, @Nullable AttemptJournal journal) {
      this.log = log;
      this.journal = journal;
    }

    boolean isDone() {
      return closed && reports.isEmpty() && log.isDelivered();
    }
  }

  /** Something to send. */
  public sealed interface Sendable {
    record Report(AttemptReport report) implements Sendable {}

    record Chunk(AttemptLease lease, LogChunk chunk) implements Sendable {}
  }

  /**
   * An empty outbox.
   *
   * @param nudge called when there may be something to send; must not block
   */
  public Outbox(Runnable nudge) {
    this.nudge = nudge;
  }

  /**
   * Begins to deliver what there is of an attempt: of one that starts, and of one that an earlier
   * worker process had, whose reports in the journal are sent again.
   */
  synchronized void track(AttemptLease lease, AttemptLog attemptLog, AttemptJournal journal) {
    var entry = new Entry(attemptLog, journal);
    var known = journal.entry();
    entry.reports.addAll(known.reports());
    entry.closed = known.isFinished();
    entries.put(lease, entry);
  }

  /** Begins to deliver the log of an attempt that is gone; nothing is reported about it. */
  public synchronized void trackLeftover(AttemptLease lease, AttemptLog attemptLog) {
    var entry = new Entry(attemptLog, null);
    entry.closed = true;
    entries.put(lease, entry);
    sweep();
  }

  /** Attempts of which something has still to be delivered, or may come. */
  public synchronized Set<AttemptLease> tracked() {
    return Set.copyOf(entries.keySet());
  }

  @Override
  public void report(AttemptReport report) {
    synchronized (this) {
      var entry = entries.get(report.lease());
      if (entry == null) {
        throw new IllegalStateException("nobody tracks " + report.lease());
      }
      if (entry.closed) {
        return;
      }
      entry.reports.addLast(report);
      entry.closed = report.event() instanceof AttemptEvent.Finished;
    }
    nudge.run();
  }

  /** Reports of this attempt are not wanted any more; its log is, as far as it goes. */
  @Override
  public void drop(AttemptLease lease) {
    synchronized (this) {
      var entry = entries.get(lease);
      if (entry != null) {
        entry.closed = true;
        entry.reports.clear();
        removeJournal(entry);
        sweep();
      }
    }
    nudge.run();
  }

  /** Attempts whose microVM may be gone but whose end the orchestrator has not acknowledged. */
  public synchronized List<AttemptLease> unreported() {
    return entries.entrySet().stream()
        .filter(entry -> !entry.getValue().reports.isEmpty())
        .map(Map.Entry::getKey)
        .toList();
  }

  /** This report and all before it have been applied or refused for good. Idempotent. */
  public synchronized void acknowledgeReport(AttemptLease lease, long number) {
    var entry = entries.get(lease);
    if (entry == null) {
      return;
    }
    entry.reports.removeIf(report -> report.number() <= number);
    if (entry.journal != null) {
      entry.journal.acknowledged(number);
    }
    sweep();
  }

  /** Everything of the log up to this chunk is stored or not wanted. Idempotent. */
  public synchronized void acknowledgeLog(AttemptLease lease, long sequence) {
    var entry = entries.get(lease);
    if (entry == null) {
      return;
    }
    try {
      entry.log.acknowledge(sequence);
    } catch (IOException failure) {
      // It is sent again after a restart, which is harmless.
      log.atWarn()
          .addKeyValue("attempt", lease)
          .setCause(failure)
          .log("Log acknowledgement was not recorded");
    }
    sweep();
  }

  /** Whether everything has been delivered. */
  public synchronized boolean isEmpty() {
    return entries.isEmpty();
  }

  /** A reader for one connection. Not thread-safe itself. */
  public Cursor cursor() {
    return new Cursor();
  }

  private static void removeJournal(Entry entry) {
    if (entry.journal != null) {
      entry.journal.remove();
    }
  }

  private void sweep() {
    var iterator = entries.entrySet().iterator();
    while (iterator.hasNext()) {
      var entry = iterator.next();
      if (entry.getValue().isDone()) {
        removeJournal(entry.getValue());
        try {
          entry.getValue().log.delete();
        } catch (IOException failure) {
          // Left over for the next start, which removes what is acknowledged.
          log.atWarn()
              .addKeyValue("attempt", entry.getKey())
              .setCause(failure)
              .log("Log spool was not removed");
        }
        iterator.remove();
      }
    }
  }

  /** What one connection has sent already. */
  public final class Cursor {
    private final Map<AttemptLease, Sent> sent = new HashMap<>();
    private @Nullable AttemptLease last;

    private static final class Sent {
      long report;
      long chunk;
    }

    private Cursor() {}

    /**
     * The next thing to send, taking turns between attempts. The report of an attempt's end comes
     * after its last chunk.
     */
    public Optional<Sendable> next() {
      synchronized (Outbox.this) {
        sent.keySet().retainAll(entries.keySet());
        for (var lease : inTurn()) {
          var entry = entries.get(lease);
          if (entry != null) {
            var sendable = next(lease, entry, sent.computeIfAbsent(lease, unused -> new Sent()));
            if (sendable.isPresent()) {
              last = lease;
              return sendable;
            }
          }
        }
        return Optional.empty();
      }
    }

    private List<AttemptLease> inTurn() {
      var order = new ArrayList<>(entries.keySet());
      int index = last == null ? -1 : order.indexOf(last);
      Collections.rotate(order, -(index + 1));
      return order;
    }

    private Optional<Sendable> next(AttemptLease lease, Entry entry, Sent progress) {
      for (var report : entry.reports) {
        if (report.number() > progress.report
            && (!(report.event() instanceof AttemptEvent.Finished)
                || entry.log.isWhole(progress.chunk))) {
          progress.report = report.number();
          return Optional.of(new Sendable.Report(report));
        }
      }
      var chunk = entry.log.next(progress.chunk);
      chunk.ifPresent(found -> progress.chunk = found.sequence());
      return chunk.map(found -> new Sendable.Chunk(lease, found));
    }
  }
}
