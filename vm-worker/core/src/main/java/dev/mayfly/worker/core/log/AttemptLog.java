package dev.mayfly.worker.core.log;

import dev.mayfly.api.LogStream;
import dev.mayfly.worker.core.log.LogSpool.AttemptSpool;
import dev.mayfly.worker.core.log.LogSpool.Leftover;
import dev.mayfly.worker.core.time.Timers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log of one attempt on its way to the orchestrator: output comes in, numbered chunks go out,
 * acknowledgements free the spool.
 *
 * <p>Output is in the spool before {@link #append} returns, so the guest may forget it; but a chunk
 * is handed out only once it is cut, at most {@link #LINGER} after its first byte, so that a chatty
 * job is not one chunk per line. When the orchestrator does not acknowledge, {@link #append} blocks
 * at {@link #MAX_UNACKNOWLEDGED_BYTES}, and with it, through the guest's flow control, the job.
 *
 * <p>Thread-safe.
 */
public final class AttemptLog {
  /** How long a chunk may wait for more output: half of the 100 ms that people notice. */
  public static final Duration LINGER = Duration.ofMillis(50);

  /** What one attempt may keep of the host's disk while the orchestrator is away. */
  public static final long MAX_UNACKNOWLEDGED_BYTES = 64L << 20;

  /** What a chunk is counted for beside its bytes, so that tiny chunks are limited as well. */
  static final long CHUNK_OVERHEAD_BYTES = 512;

  /** Upper bound of one wait, so that a lost signal can never hang a job. */
  private static final Duration RECHECK = Duration.ofSeconds(1);

  private static final Logger log = LoggerFactory.getLogger(AttemptLog.class);

  private record Unacknowledged(long sequence, long bytes) {}

  private final AttemptSpool spool;
  private final Timers timers;
  private final long assignedAt;
  private final Runnable nudge;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition room = lock.newCondition();
  private final ChunkCutter cutter = new ChunkCutter();
  private final Deque<Unacknowledged> unacknowledged = new ArrayDeque<>();
  private long unacknowledgedBytes;
  private long totalBytes;
  private long lastCut;
  private long acknowledged;
  private boolean ended;
  private boolean deleted;
  private Timers.@Nullable Timer linger;
  private long lingering;

  /**
   * What the attempt's log came to.
   *
   * @param chunks sequences 1 to this
   */
  public record Totals(long chunks, long bytes) {}

  /**
   * A new log.
   *
   * @param assignedAt when the assignment came, by {@link Timers#nanoTime}
   * @param nudge called when there may be something to send; must not block
   */
  public AttemptLog(AttemptSpool spool, Timers timers, long assignedAt, Runnable nudge) {
    this.spool = spool;
    this.timers = timers;
    this.assignedAt = assignedAt;
    this.nudge = nudge;
  }

  /** A log whose attempt is gone, to be delivered as far as it came. */
  public static AttemptLog leftover(Leftover leftover, Timers timers) {
    var left = new AttemptLog(leftover.spool(), timers, timers.nanoTime(), () -> {});
    left.lastCut = leftover.last();
    left.acknowledged = leftover.acknowledged();
    left.ended = true;
    return left;
  }

  /**
   * Takes output; returns when it is safe in the spool. Blocks while too much is unacknowledged.
   *
   * @throws InterruptedException also when the log has ended meanwhile: the output is lost
   * @throws IOException when the spool cannot be written
   */
  public void append(LogStream stream, byte[] data) throws InterruptedException, IOException {
    boolean news;
    lock.lockInterruptibly();
    try {
      while (!ended && unacknowledgedBytes >= MAX_UNACKNOWLEDGED_BYTES) {
        // False means that the bound was reached; the loop looks again either way.
        var unused = room.await(RECHECK.toMillis(), TimeUnit.MILLISECONDS);
      }
      if (ended) {
        throw new InterruptedException("the log has ended");
      }
      news = write(stream, data);
    } finally {
      lock.unlock();
    }
    if (news) {
      nudge.run();
    }
  }

  /**
   * Adds a line of Mayfly's own, also when the spool is full; it is dropped once the log has ended.
   */
  public void system(String line) throws IOException {
    add(LogStream.SYSTEM, line + "\n");
  }

  /** Adds what the guest's console said last, under the same terms. */
  public void console(String text) throws IOException {
    add(LogStream.CONSOLE, text);
  }

  private void add(LogStream stream, String text) throws IOException {
    lock.lock();
    try {
      if (!ended && !text.isEmpty()) {
        write(stream, text.getBytes(StandardCharsets.UTF_8));
      }
    } finally {
      lock.unlock();
    }
    nudge.run();
  }

  /** No more output is taken; whoever waits in {@link #append} is released. Idempotent. */
  public Totals end() {
    lock.lock();
    try {
      ended = true;
      room.signalAll();
      cutOpenChunk();
      return new Totals(lastCut, totalBytes);
    } finally {
      lock.unlock();
      nudge.run();
    }
  }

  /** Whether whoever appends now waits for the orchestrator. */
  public boolean isHoldingBack() {
    lock.lock();
    try {
      return unacknowledgedBytes >= MAX_UNACKNOWLEDGED_BYTES;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The chunk after this one, when it is cut and not acknowledged. One that the disk does not give
   * back is replaced by a line that says so: sequences have no gaps.
   */
  public Optional<LogChunk> next(long after) {
    lock.lock();
    try {
      long sequence = Math.max(after, acknowledged) + 1;
      if (deleted || sequence > lastCut) {
        return Optional.empty();
      }
      try {
        return spool.read(sequence).or(() -> Optional.of(replacement(sequence)));
      } catch (IOException failure) {
        log.atError()
            .addKeyValue("sequence", sequence)
            .setCause(failure)
            .log("Piece of a log could not be read back and was replaced");
        return Optional.of(replacement(sequence));
      }
    } finally {
      lock.unlock();
    }
  }

  private static LogChunk replacement(long sequence) {
    return new LogChunk(
        sequence,
        LogStream.SYSTEM,
        0,
        "mayfly: a piece of the output was lost on the worker's disk\n"
            .getBytes(StandardCharsets.UTF_8));
  }

  /** The last chunk that is acknowledged. */
  public long acknowledged() {
    lock.lock();
    try {
      return acknowledged;
    } finally {
      lock.unlock();
    }
  }

  /** Whether a sender that has sent everything up to this chunk has sent the whole log. */
  public boolean isWhole(long sent) {
    lock.lock();
    try {
      return ended && Math.max(sent, acknowledged) >= lastCut;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Everything up to this chunk is stored. Idempotent; what was never cut cannot be acknowledged.
   */
  public void acknowledge(long sequence) throws IOException {
    lock.lock();
    try {
      long upTo = Math.min(sequence, lastCut);
      if (deleted || upTo <= acknowledged) {
        return;
      }
      acknowledged = upTo;
      while (!unacknowledged.isEmpty() && unacknowledged.peekFirst().sequence() <= upTo) {
        unacknowledgedBytes -= unacknowledged.removeFirst().bytes();
      }
      room.signalAll();
      spool.acknowledge(upTo);
    } finally {
      lock.unlock();
    }
  }

  /** Whether the log has ended and every chunk of it is acknowledged. */
  public boolean isDelivered() {
    lock.lock();
    try {
      return ended && acknowledged >= lastCut;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the log and removes its spool. Idempotent. */
  public void delete() throws IOException {
    lock.lock();
    try {
      ended = true;
      room.signalAll();
      cutOpenChunk();
      if (!deleted) {
        spool.delete();
        deleted = true;
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean write(LogStream stream, byte[] data) throws IOException {
    long micros = timers.since(assignedAt).toNanos() / 1000;
    long before = lastCut;
    for (var placed : cutter.place(stream, data.length)) {
      spool.append(placed.sequence(), stream, micros, data, placed.from(), placed.length());
      count(placed);
    }
    lastCut = cutter.lastCut();
    armLinger();
    return lastCut > before;
  }

  private void count(ChunkCutter.Placed placed) {
    long bytes = placed.length() + (placed.first() ? CHUNK_OVERHEAD_BYTES : 0);
    if (!placed.first()) {
      bytes += unacknowledged.removeLast().bytes();
      unacknowledgedBytes -= bytes - placed.length();
    }
    unacknowledged.addLast(new Unacknowledged(placed.sequence(), bytes));
    unacknowledgedBytes += bytes;
    totalBytes += placed.length();
  }

  private void armLinger() {
    long sequence = cutter.open();
    if (sequence != lingering) {
      disarmLinger();
      if (sequence != 0) {
        lingering = sequence;
        linger = timers.after(LINGER, () -> lingerOver(sequence));
      }
    }
  }

  private void disarmLinger() {
    if (linger != null) {
      linger.cancel();
      linger = null;
      lingering = 0;
    }
  }

  private void lingerOver(long sequence) {
    lock.lock();
    try {
      // Late: the chunk was cut for another reason while this timer was already firing.
      if (cutter.open() == sequence) {
        cutOpenChunk();
      }
    } finally {
      lock.unlock();
    }
    nudge.run();
  }

  private void cutOpenChunk() {
    disarmLinger();
    if (cutter.open() != 0) {
      cutter.cut();
      lastCut = cutter.lastCut();
    }
  }
}
