package dev.mayfly.worker.daemon.spool;

import dev.mayfly.worker.core.log.ExecStream;
import dev.mayfly.worker.core.log.LogChunk;
import dev.mayfly.worker.core.log.LogSpool.AttemptSpool;
import dev.mayfly.worker.core.log.LogTotals;
import dev.mayfly.worker.core.log.RawProgress;
import dev.mayfly.worker.core.log.SpoolRecord;
import java.io.IOException;
import java.util.Optional;

/** A spool whose process is killed at one of its writes; what it throws is the end of it. */
final class CrashingSpool implements AttemptSpool {
  private final AttemptSpool spool;
  private final Crash crash;
  private final int at;
  private int writes;

  /** Whether the write it is killed at is done. */
  enum Crash {
    BEFORE,
    AFTER
  }

  /**
   * A spool over another.
   *
   * @param at which write it is, from 1
   */
  CrashingSpool(AttemptSpool spool, Crash crash, int at) {
    this.spool = spool;
    this.crash = crash;
    this.at = at;
  }

  private interface Write {
    void run() throws IOException;
  }

  private void write(Write write) throws IOException {
    writes++;
    if (writes > at || writes == at && crash == Crash.BEFORE) {
      throw new IOException("killed");
    }
    write.run();
    if (writes == at) {
      throw new IOException("killed");
    }
  }

  @Override
  public void append(SpoolRecord record) throws IOException {
    write(() -> spool.append(record));
  }

  @Override
  public void progress(ExecStream stream, RawProgress raw, LogTotals totals) throws IOException {
    write(() -> spool.progress(stream, raw, totals));
  }

  @Override
  public void forget(int exec) throws IOException {
    write(() -> spool.forget(exec));
  }

  @Override
  public void acknowledge(long sequence) throws IOException {
    write(() -> spool.acknowledge(sequence));
  }

  @Override
  public int length(long sequence) {
    return spool.length(sequence);
  }

  @Override
  public Optional<LogChunk> read(long sequence) throws IOException {
    return spool.read(sequence);
  }

  @Override
  public void delete() throws IOException {
    spool.delete();
  }
}
