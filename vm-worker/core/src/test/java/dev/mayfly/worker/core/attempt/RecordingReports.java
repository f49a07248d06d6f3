package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.lease.AttemptLease;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Keeps what was reported. Thread-safe. */
final class RecordingReports implements AttemptReports {
  private final LinkedBlockingQueue<AttemptReport> unread = new LinkedBlockingQueue<>();
  private final CopyOnWriteArrayList<AttemptReport> all = new CopyOnWriteArrayList<>();
  private final CopyOnWriteArrayList<AttemptLease> dropped = new CopyOnWriteArrayList<>();

  @Override
  public void report(AttemptReport report) {
    all.add(report);
    unread.add(report);
  }

  @Override
  public void drop(AttemptLease lease) {
    dropped.add(lease);
  }

  List<AttemptReport> all() {
    return all;
  }

  List<AttemptLease> dropped() {
    return dropped;
  }

  /** Waits for the next report of this kind, skipping others. */
  <T extends AttemptEvent> T await(Class<T> kind) throws InterruptedException {
    while (true) {
      var report = unread.poll(20, TimeUnit.SECONDS);
      if (report == null) {
        throw new AssertionError("no " + kind.getSimpleName() + " was reported");
      }
      if (kind.isInstance(report.event())) {
        return kind.cast(report.event());
      }
    }
  }
}
