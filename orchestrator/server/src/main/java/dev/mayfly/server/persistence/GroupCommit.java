package dev.mayfly.server.persistence;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.QueryTimeoutException;

/**
 * Puts what many threads write at the same moment into one transaction, because a transaction costs
 * a flush of the disk and several round trips, however little it writes. A thread that is alone
 * writes at once; while it does, those that come queue up for the next transaction, which one of
 * them carries out for all. Thread-safe.
 *
 * <p>When a transaction fails although the database is there, each of its requests is tried once
 * more alone, so that nobody fails by another's fault. Requests must therefore be such that a
 * repetition does no harm.
 */
class GroupCommit<Q, R> {

  /** Bounds a transaction: beyond this, a larger one is not cheaper per request. */
  private static final int MAX_BATCH = 256;

  /** Each waits with a thread of its own, which a worker's connection or a request owns. */
  private static final int MAX_WAITING = 16_384;

  /** Longer than any transaction and those before it may take. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** One request that waits to be done; its thread is signalled when it is, or when it may lead. */
  private static final class Pending<Q, R> {
    private final Q request;
    private final Semaphore signal = new Semaphore(0);
    private @Nullable R result;
    private @Nullable RuntimeException failure;
    private volatile boolean done;

    private Pending(Q request) {
      this.request = request;
    }

    private void succeed(R value) {
      result = value;
      done = true;
      signal.release();
    }

    private void fail(RuntimeException why) {
      failure = why;
      done = true;
      signal.release();
    }
  }

  private final Function<List<Q>, List<R>> transaction;
  private final Semaphore lanes;
  private final Queue<Pending<Q, R>> waiting = new ArrayDeque<>();

  /**
   * @param lanes how many transactions may run at once
   * @param transaction carries out all requests in one transaction, and answers as many results in
   *     the same order
   */
  GroupCommit(int lanes, Function<List<Q>, List<R>> transaction) {
    this.lanes = new Semaphore(lanes);
    this.transaction = transaction;
  }

  /** Carries out one request; returns when it is committed. */
  R call(Q request) {
    Pending<Q, R> mine = new Pending<>(request);
    synchronized (waiting) {
      if (waiting.size() >= MAX_WAITING) {
        throw new QueryTimeoutException(MAX_WAITING + " writes wait for the database already");
      }
      waiting.add(mine);
    }
    while (!mine.done) {
      if (lanes.tryAcquire()) {
        try {
          run(next());
        } finally {
          lanes.release();
          appoint();
        }
      }
      // In another's hands, or still in the queue, whose first one has been woken: never spin, for
      // whoever has it may need this very processor.
      if (!mine.done) {
        await(mine);
      }
    }
    RuntimeException failure = mine.failure;
    if (failure != null) {
      throw failure;
    }
    return Objects.requireNonNull(mine.result);
  }

  private List<Pending<Q, R>> next() {
    List<Pending<Q, R>> batch = new ArrayList<>();
    synchronized (waiting) {
      while (batch.size() < MAX_BATCH && !waiting.isEmpty()) {
        batch.add(waiting.remove());
      }
    }
    return batch;
  }

  /** Lets the first that waits lead: it may have come after the last leader looked. */
  private void appoint() {
    synchronized (waiting) {
      Pending<Q, R> first = waiting.peek();
      if (first != null) {
        first.signal.release();
      }
    }
  }

  private void await(Pending<Q, R> mine) {
    try {
      if (!mine.signal.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new QueryTimeoutException("The database did not answer in time");
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new QueryTimeoutException("Interrupted while a write was under way", interrupted);
    }
  }

  private void run(List<Pending<Q, R>> batch) {
    if (batch.isEmpty()) {
      return;
    }
    try {
      List<R> results = transaction.apply(batch.stream().map(pending -> pending.request).toList());
      for (int i = 0; i < batch.size(); i++) {
        batch.get(i).succeed(results.get(i));
      }
    } catch (RuntimeException failed) {
      if (batch.size() == 1 || failed instanceof DataAccessResourceFailureException) {
        batch.forEach(pending -> pending.fail(failed));
      } else {
        batch.forEach(pending -> run(List.of(pending)));
      }
    }
  }
}
