package dev.mayfly.core.exec;

import dev.mayfly.api.JobId;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.job.IdempotencyKey;
import dev.mayfly.core.job.JobStore;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Port: where execs, their input and their signals are kept. Every call is one transaction. Safe
 * for use by several threads and several orchestrators. What a worker says is fenced: it counts
 * only when the attempt is placed on that worker under that lease.
 */
public interface ExecStore {

  /** How an opening went. */
  sealed interface Opening {
    record Opened(Exec exec) implements Opening {}

    /** The same key and request came before; nothing new was made. */
    record Repeated(Exec exec) implements Opening {}

    /** The key belongs to an exec of this job that was asked for differently. */
    record KeyTaken(int by) implements Opening {}

    record NoSuchJob() implements Opening {}

    record NotASession() implements Opening {}

    /** Its microVM is not ready yet. */
    record NotRunning() implements Opening {}

    /** It has ended, or its end is asked for. */
    record JobEnded() implements Opening {}

    /**
     * So many are there already.
     *
     * @param open whether the limit is that of open ones, and closing one helps
     */
    record TooMany(int limit, boolean open) implements Opening {}
  }

  /** What became of a piece of input. */
  sealed interface Written {
    /**
     * Everything before {@code next} is stored; that may be less than was sent.
     *
     * @param ended nothing can follow
     */
    record Stored(long next, boolean ended) implements Written {}

    record WrongOffset(long expected) implements Written {}

    record WindowFull() implements Written {}

    record Closed() implements Written {}

    record ExecEnded() implements Written {}

    record NoSuchExec() implements Written {}
  }

  /** What became of a signal. */
  enum Signalled {
    STORED,
    EXEC_ENDED,
    TOO_MANY,
    NO_SUCH_EXEC
  }

  /** What became of what a worker said. */
  enum Applied {
    CHANGED,
    UNCHANGED,
    /** Unknown, or not under that lease: nobody wants it. */
    FENCED
  }

  /**
   * An open exec as its worker's connection sees it.
   *
   * @param pending the worker has not said that it started
   * @param takesInput else its input is empty, and the worker knows that
   * @param signals how many were asked for so far
   */
  record Due(
      WorkerId worker,
      JobStore.Claim claim,
      int number,
      boolean pending,
      boolean takesInput,
      ExecInput input,
      int signals) {}

  /** A piece of input; {@code data} belongs to the receiver. */
  record Piece(long offset, byte[] data) {}

  /**
   * A signal asked for.
   *
   * @param number per exec, from 1
   * @param signal 1 to 64
   * @param everything to all that the exec has started, else to its first process only
   */
  record Signal(int number, int signal, boolean everything) {}

  /** Opens an exec in the running attempt of a session, once per key of the job. */
  Opening open(JobId job, ExecSpec spec, @Nullable IdempotencyKey key, Instant now);

  Optional<Exec> find(JobId job, int number);

  /** Those with a greater number, in its order. */
  List<Exec> list(JobId job, int after, int limit);

  /**
   * Stores a piece of input as {@link InputPolicy} says.
   *
   * @param data at most {@link ExecInput#WINDOW} bytes
   */
  Written write(JobId job, int number, long offset, byte[] data, boolean end);

  Signalled signal(JobId job, int number, int signal, boolean everything);

  /** Every exec that has not ended in an unfinished attempt on one of the workers. */
  List<Due> open(Collection<WorkerId> workers);

  /** Input that is stored from the offset on: at most {@code maxBytes}, perhaps less. */
  List<Piece> input(JobId job, int number, long from, int maxBytes);

  /** Signals with a greater number, in its order. */
  List<Signal> signals(JobId job, int number, int after);

  /** Its worker has passed input on; what it covers is removed. Idempotent. */
  Applied acknowledge(WorkerId worker, JobStore.Claim claim, int number, long offset, long limit);

  /** Applies what its worker reported by {@link ExecMachine}; at its end its input is removed. */
  Applied apply(WorkerId worker, JobStore.Claim claim, int number, ExecEvent event);

  /**
   * Ends the execs that are open although their attempt has finished, at most so many.
   *
   * @return their jobs
   */
  List<JobId> endLeftOver(int limit);

  /** Removes what a download has packed. Idempotent. */
  void discard(JobId job, int number);

  /** Removes what downloads have packed whose attempt finished before the instant. */
  int discardFinished(Instant before, int limit);
}
