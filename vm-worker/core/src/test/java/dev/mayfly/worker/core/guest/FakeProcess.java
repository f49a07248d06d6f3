package dev.mayfly.worker.core.guest;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** One exec of a {@link FakeGuest}: what its program sees, and what the guest keeps of it. */
public final class FakeProcess {

  /** Output kept until it is acknowledged, as the protocol says. */
  static final class Stream {
    final int wire;
    byte[] kept = new byte[0];
    long acknowledged;
    long sent;

    Stream(int wire) {
      this.wire = wire;
    }

    long produced() {
      return acknowledged + kept.length;
    }

    byte[] unsent(int most) {
      int from = (int) (sent - acknowledged);
      return Arrays.copyOfRange(kept, from, Math.min(kept.length, from + most));
    }

    void acknowledge(long offset) {
      if (offset > acknowledged) {
        kept = Arrays.copyOfRange(kept, (int) (offset - acknowledged), kept.length);
        acknowledged = offset;
        sent = Math.max(sent, offset);
      }
    }
  }

  final int id;
  final Stream[] streams = {new Stream(1), new Stream(2)};
  private final ExecSpec spec;
  private final ReentrantLock lock;
  private final Condition changed;

  boolean startedDue = true;
  boolean ended;
  boolean exitDue;
  boolean stdinAckDue;
  int exitKind;
  int exitValue;
  int exitFlags;
  int signal;
  byte[] stdin = new byte[0];
  long stdinWritten;
  boolean stdinClosed;

  FakeProcess(int id, ExecSpec spec, ReentrantLock lock, Condition changed) {
    this.id = id;
    this.spec = spec;
    this.lock = lock;
    this.changed = changed;
    this.stdinClosed = !spec.stdinOpen();
  }

  public ExecSpec spec() {
    return spec;
  }

  public void print(String text) throws InterruptedException {
    stdout(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Blocks while the window of unacknowledged output is full. */
  public void stdout(byte[] data) throws InterruptedException {
    write(streams[0], data);
  }

  public void stderr(byte[] data) throws InterruptedException {
    write(streams[1], data);
  }

  /** Reads what there is, at least one byte; empty at the end of stdin. */
  public byte[] readStdin() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (stdin.length == 0 && !stdinClosed) {
        changed.await(1, TimeUnit.MINUTES);
      }
      byte[] data = stdin;
      stdin = new byte[0];
      stdinWritten += data.length;
      stdinAckDue = data.length > 0;
      changed.signalAll();
      return data;
    } finally {
      lock.unlock();
    }
  }

  /** Sets the flags of EXEC_EXIT: 1 killed for memory, 2 scratch was full, 4 output given up. */
  public void exitFlags(int flags) {
    lock.lock();
    try {
      exitFlags = flags;
    } finally {
      lock.unlock();
    }
  }

  private void write(Stream stream, byte[] data) throws InterruptedException {
    int from = 0;
    lock.lockInterruptibly();
    try {
      while (from < data.length) {
        int room = GuestFrameCodec.OUTPUT_WINDOW - stream.kept.length;
        if (room == 0) {
          changed.await(1, TimeUnit.MINUTES);
          continue;
        }
        int count = Math.min(room, data.length - from);
        byte[] longer = Arrays.copyOf(stream.kept, stream.kept.length + count);
        System.arraycopy(data, from, longer, stream.kept.length, count);
        stream.kept = longer;
        from += count;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }
}
