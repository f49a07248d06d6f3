package dev.mayfly.worker.core.log;

import dev.mayfly.api.LogStream;
import dev.mayfly.worker.core.log.LogSpool.AttemptSpool;
import dev.mayfly.worker.core.log.LogSpool.Leftover;
import dev.mayfly.worker.core.time.Timers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
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

  /** What a panic prints, several times over; a console that says more says the same again. */
  public static final long CONSOLE_LIMIT_BYTES = 1L << 20;

  /** Upper bound of one wait, so that a lost signal can never hang a job. */
  private static final Duration RECHECK = Duration.ofSeconds(1);

  private static final Logger log = LoggerFactory.getLogger(AttemptLog.class);

  private final AttemptSpool spool;
  private final Timers timers;
  private final long assignedAt;
  private final Runnable nudge;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition room = lock.newCondition();
  private final ChunkCutter cutter = new ChunkCutter();
  private final Backlog backlog = new Backlog();
  private final Map<ExecStream, RawProgress> raw = new HashMap<>();
  private final long limitBytes;
  private Secrets secrets = Secrets.NONE;
  private LogTotals totals = LogTotals.NONE;
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
   * @param limitBytes of STDOUT and STDERR in all; what is beyond is dropped, and a line says so
   * @param nudge called when there may be something to send; must not block
   */
  public AttemptLog(
      AttemptSpool spool, Timers timers, long assignedAt, long limitBytes, Runnable nudge) {
    this.spool = spool;
    this.timers = timers;
    this.assignedAt = assignedAt;
    this.limitBytes = limitBytes;
    this.nudge = nudge;
  }

  /** The log of an attempt that lives on in this process; see the constructor. */
  public static AttemptLog reopen(
      Leftover leftover, Timers timers, long assignedAt, long limitBytes, Runnable nudge) {
    var log = new AttemptLog(leftover.spool(), timers, assignedAt, limitBytes, nudge);
    log.cutter.resume(leftover.last());
    log.lastCut = leftover.last();
    log.acknowledged = leftover.acknowledged();
    log.raw.putAll(leftover.state().raw());
    log.totals = leftover.state().totals();
    for (long sequence = log.acknowledged + 1; sequence <= log.lastCut; sequence++) {
      log.backlog.add(sequence, leftover.spool().length(sequence));
    }
    return log;
  }

  /** A log whose attempt is gone, to be delivered as far as it came. */
  public static AttemptLog leftover(Leftover leftover, Timers timers) {
    var left = reopen(leftover, timers, timers.nanoTime(), Long.MAX_VALUE, () -> {});
    left.ended = true;
    return left;
  }

  /** These must not appear in what is opened or said from now on, in addition to those known. */
  public void learn(Secrets more) {
    lock.lock();
    try {
      secrets = secrets.and(more);
    } finally {
      lock.unlock();
    }
  }

  /** Where the output of an exec goes; the secrets known now are masked in it. */
  public ExecOutput open(int exec) {
    lock.lock();
    try {
      return new ExecOutput(this, exec, secrets);
    } finally {
      lock.unlock();
    }
  }

  /** See {@link ExecOutput#append}. */
  RawProgress append(ExecStream stream, SecretMasker masker, byte[] data)
      throws InterruptedException, IOException {
    lock.lockInterruptibly();
    long before = lastCut;
    try {
      while (!ended && isFull() && !isDropped(stream)) {
        // False means that the bound was reached; the loop looks again either way.
        var unused = room.await(RECHECK.toMillis(), TimeUnit.MILLISECONDS);
      }
      checkNotEnded();
      masker.feed(data);
      store(stream, masker);
      return raw(stream);
    } finally {
      boolean news = lastCut > before;
      lock.unlock();
      if (news) {
        nudge.run();
      }
    }
  }

  /** See {@link ExecOutput#end}. */
  void endStream(ExecStream stream, SecretMasker masker) throws InterruptedException, IOException {
    lock.lockInterruptibly();
    try {
      checkNotEnded();
      masker.end();
      store(stream, masker);
      cutOpenChunk();
    } finally {
      lock.unlock();
      nudge.run();
    }
  }

  /** See {@link ExecOutput#drop}. */
  RawProgress drop(ExecStream stream, SecretMasker masker, long end) throws IOException {
    lock.lock();
    try {
      advance(stream, masker.discard(end));
      return raw(stream);
    } finally {
      lock.unlock();
    }
  }

  private void checkNotEnded() throws InterruptedException {
    if (ended) {
      throw new InterruptedException("the log has ended");
    }
  }

  RawProgress raw(ExecStream stream) {
    lock.lock();
    try {
      return raw.getOrDefault(stream, RawProgress.NONE);
    } finally {
      lock.unlock();
    }
  }

  void forget(int exec) throws IOException {
    lock.lock();
    try {
      raw.keySet().removeIf(stream -> stream.exec() == exec);
      if (!deleted) {
        spool.forget(exec);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The last chunk that has anything in it, cut or not; 0 before the first. */
  public long lastSequence() {
    lock.lock();
    try {
      return cutter.last();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Adds a line of Mayfly's own, also when the spool is full; it is dropped once the log has ended.
   */
  public void system(String line) throws IOException {
    add(LogStream.SYSTEM, line + "\n", Long.MAX_VALUE);
  }

  /**
   * Adds what the guest's console said last, under the same terms, as far as {@link
   * #CONSOLE_LIMIT_BYTES} lets it.
   */
  public void console(String text) throws IOException {
    add(LogStream.CONSOLE, text, CONSOLE_LIMIT_BYTES);
  }

  private void add(LogStream stream, String text, long limit) throws IOException {
    lock.lock();
    try {
      var data = secrets.masked(text).getBytes(StandardCharsets.UTF_8);
      long room = stream == LogStream.CONSOLE ? limit - totals.consoleBytes() : limit;
      int length = (int) Math.min(data.length, Math.max(0, room));
      if (!ended && length > 0) {
        write(new ExecStream(0, stream), Arrays.copyOf(data, length), RawProgress.NONE);
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
      return new Totals(lastCut, totals.bytes());
    } finally {
      lock.unlock();
      nudge.run();
    }
  }

  /** Whether whoever appends now waits for the orchestrator. */
  public boolean isHoldingBack() {
    lock.lock();
    try {
      return isFull();
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
        0,
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
      backlog.acknowledge(upTo);
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

  private boolean isFull() {
    return backlog.bytes() >= MAX_UNACKNOWLEDGED_BYTES;
  }

  private boolean isDropped(ExecStream stream) {
    return totals.truncated() && LogTotals.isLimited(stream.stream());
  }

  /** Stores what the masker gives out, each piece with the offset that it makes safe. */
  private void store(ExecStream stream, SecretMasker masker) throws IOException {
    while (!isDropped(stream)) {
      long left =
          LogTotals.isLimited(stream.stream())
              ? limitBytes - totals.limitedBytes()
              : Long.MAX_VALUE;
      var piece = masker.take((int) Math.min(left, cutter.room(stream)));
      if (piece.data().length > 0) {
        write(stream, piece.data(), piece.progress());
      } else if (!piece.progress().equals(raw(stream))) {
        advance(stream, piece.progress());
      } else if (!masker.isReady()) {
        return;
      } else if (left < SecretMasker.MASK_BYTES) {
        truncate();
      } else {
        // A mask does not fit in what the open chunk has left.
        cutOpenChunk();
      }
    }
    advance(stream, masker.discard(masker.position()));
  }

  private void advance(ExecStream stream, RawProgress progress) throws IOException {
    if (!deleted && !progress.equals(raw(stream))) {
      spool.progress(stream, progress, totals);
      raw.put(stream, progress);
    }
  }

  private void truncate() throws IOException {
    var line =
        "mayfly: the log was truncated at "
            + limitBytes
            + " bytes; what the job printed after that is not kept\n";
    var before = totals;
    totals = before.asTruncated();
    try {
      write(
          new ExecStream(0, LogStream.SYSTEM),
          line.getBytes(StandardCharsets.UTF_8),
          RawProgress.NONE);
    } catch (IOException failure) {
      totals = before;
      throw failure;
    }
  }

  /** Raw progress counts with the last record: whoever has some has room in one chunk. */
  private void write(ExecStream stream, byte[] data, RawProgress progress) throws IOException {
    long micros = timers.since(assignedAt).toNanos() / 1000;
    for (var placed : cutter.place(stream, data.length)) {
      var part = Arrays.copyOfRange(data, placed.from(), placed.from() + placed.length());
      var after = totals.plus(stream.stream(), part.length);
      append(new SpoolRecord(placed.sequence(), stream, micros, part, progress, after));
      totals = after;
      backlog.add(placed.sequence(), part.length);
    }
    if (progress.safe() > 0) {
      raw.put(stream, progress);
    }
    lastCut = cutter.lastCut();
    armLinger();
  }

  private void append(SpoolRecord record) throws IOException {
    try {
      spool.append(record);
    } catch (IOException failure) {
      // The log ends with what is stored: the next worker process gives the next number again, and
      // by then it must not be acknowledged.
      ended = true;
      room.signalAll();
      disarmLinger();
      boolean begun = spool.length(record.sequence()) > 0;
      cutter.resume(begun ? record.sequence() : record.sequence() - 1);
      lastCut = cutter.lastCut();
      throw failure;
    }
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
