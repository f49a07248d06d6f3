package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.Outcome;
import dev.mayfly.worker.core.attempt.JournalEntry.Decision;
import dev.mayfly.worker.core.exec.ExecMark;
import dev.mayfly.worker.core.exec.ExecReports;
import dev.mayfly.worker.core.exec.ExecResult;
import dev.mayfly.worker.core.guest.GuestException;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What becomes of an attempt's execs: an end is in the journal when this returns, and the owner of
 * the attempt hears of it. Thread-safe.
 */
final class ExecEvents implements ExecReports {
  /**
   * Two for each exec; nobody should run a thousand that nobody hears of. One report takes 4 KiB in
   * the journal at most: its text of 500 bytes is escaped.
   */
  static final int MAX_UNACKNOWLEDGED = 2048;

  private final boolean session;
  private final AttemptReporter reporter;
  private final AttemptJournal journal;
  private final Supplier<Optional<Outcome>> decided;
  private final Consumer<AttemptMessage> post;
  private final AtomicBoolean changed = new AtomicBoolean();
  private final AtomicBoolean lost = new AtomicBoolean();
  private final AtomicBoolean logBroken = new AtomicBoolean();
  private final AtomicBoolean piledUp = new AtomicBoolean();

  /**
   * Events.
   *
   * @param decided the outcome of an attempt that is being ended from outside, whatever its command
   *     says in the end
   */
  ExecEvents(
      boolean session,
      AttemptReporter reporter,
      AttemptJournal journal,
      Supplier<Optional<Outcome>> decided,
      Consumer<AttemptMessage> post) {
    this.session = session;
    this.reporter = reporter;
    this.journal = journal;
    this.decided = decided;
    this.post = post;
  }

  @Override
  public void started(int number, ExecMark mark) {
    if (session) {
      journal.execGoesOn(number, mark);
      reporter.report(new AttemptEvent.ExecStarted(number));
      tellChanged();
    } else {
      post.accept(new AttemptMessage.BatchStarted());
    }
  }

  @Override
  public void signalled(int number, ExecMark mark) {
    if (session) {
      journal.execSignalled(number, mark);
    }
  }

  @Override
  public void ended(ExecResult result) {
    if (session) {
      reporter.report(
          new AttemptEvent.ExecEnded(result.number(), result.outcome(), result.logChunks()));
      tellChanged();
    } else {
      var outcome = decided.get().orElse(result.outcome());
      journal.decided(new Decision(outcome, result.peakMemoryKib()));
      post.accept(new AttemptMessage.BatchEnded(result));
    }
  }

  @Override
  public void guestLost(int number, GuestException failure) {
    if (lost.compareAndSet(false, true)) {
      post.accept(new AttemptMessage.GuestLost(failure));
    }
  }

  @Override
  public void logBroke(IOException failure) {
    if (logBroken.compareAndSet(false, true)) {
      post.accept(new AttemptMessage.LogBroke(failure));
    }
  }

  /** The owner has taken the last {@link AttemptMessage.ExecsChanged}. */
  void changeTaken() {
    changed.set(false);
  }

  private void tellChanged() {
    int waiting = journal.unacknowledged();
    if (waiting > MAX_UNACKNOWLEDGED && piledUp.compareAndSet(false, true)) {
      post.accept(new AttemptMessage.ReportsPiledUp(waiting));
    }
    if (changed.compareAndSet(false, true)) {
      post.accept(new AttemptMessage.ExecsChanged());
    }
  }
}
