package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.lease.AttemptLease;

/** Numbers the reports of one attempt, and journals each before it is sent. Thread-safe. */
final class AttemptReporter {
  private final AttemptLease lease;
  private final PhaseLog phases;
  private final AttemptJournal journal;
  private final AttemptReports reports;
  private long made;

  /**
   * A reporter.
   *
   * @param made how many reports an earlier worker process has made
   */
  AttemptReporter(
      AttemptLease lease,
      PhaseLog phases,
      AttemptJournal journal,
      AttemptReports reports,
      long made) {
    this.lease = lease;
    this.phases = phases;
    this.journal = journal;
    this.reports = reports;
    this.made = made;
  }

  /** Reports; when this returns it survives the end of this process. */
  synchronized void report(AttemptEvent event) {
    var report = new AttemptReport(lease, ++made, phases.reached(), event);
    journal.add(report);
    reports.report(report);
  }

  /** Nothing more is reported: the lease is void. */
  void drop() {
    reports.drop(lease);
  }
}
