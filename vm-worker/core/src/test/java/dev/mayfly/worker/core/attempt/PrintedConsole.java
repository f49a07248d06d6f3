package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.guest.GuestChannel;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.IntConsumer;

/** The console of a guest without an agent, which a test prints to. Thread-safe. */
public final class PrintedConsole implements GuestChannel {
  private static final byte[] END = new byte[0];

  private final BlockingQueue<byte[]> printed = new LinkedBlockingQueue<>();
  private final StringBuffer all = new StringBuffer();
  private volatile Runnable closed = () -> {};
  private volatile IntConsumer ended = code -> {};

  public void print(String text) {
    all.append(text);
    printed.add(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The VMM ends with this code, and the console with it. */
  public void end(int code) {
    ended.accept(code);
    printed.add(END);
  }

  String text() {
    return all.toString();
  }

  void whenClosed(Runnable action) {
    closed = action;
  }

  void whenEnded(IntConsumer action) {
    ended = action;
  }

  @Override
  public int read(ByteBuffer into) {
    try {
      byte[] next = printed.take();
      if (next.length == 0) {
        printed.add(END);
        return -1;
      }
      into.put(next);
      return next.length;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return -1;
    }
  }

  @Override
  public void write(ByteBuffer from) {
    throw new IllegalStateException("nobody writes to a console");
  }

  @Override
  public void close() {
    closed.run();
    printed.add(END);
  }
}
