package dev.mayfly.worker.core.exec;

import dev.mayfly.worker.core.guest.GuestException;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Keeps what is told, for a test to wait for. Thread-safe. */
public final class RecordingExecReports implements ExecReports {
  private final LinkedBlockingQueue<Integer> started = new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<Integer> signalled = new LinkedBlockingQueue<>();
  private final Map<Integer, ExecMark> marks = new ConcurrentHashMap<>();
  private volatile boolean buggy;
  private final LinkedBlockingQueue<ExecResult> ended = new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<GuestException> lost = new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<IOException> broken = new LinkedBlockingQueue<>();

  @Override
  public void started(int number, ExecMark mark) {
    marks.put(number, mark);
    started.add(number);
    if (buggy) {
      throw new IllegalStateException("a bug");
    }
  }

  @Override
  public void signalled(int number, ExecMark mark) {
    marks.put(number, mark);
    signalled.add(number);
  }

  @Override
  public void ended(ExecResult result) {
    ended.add(result);
  }

  @Override
  public void guestLost(int number, GuestException failure) {
    lost.add(failure);
  }

  @Override
  public void logBroke(IOException failure) {
    broken.add(failure);
  }

  /** From now on a start meets a bug. */
  public void breakDown() {
    buggy = true;
  }

  /** What the next worker process is to know. */
  public Map<Integer, ExecMark> marks() {
    return Map.copyOf(marks);
  }

  public int awaitSignalled() throws InterruptedException {
    return taken(signalled.poll(20, TimeUnit.SECONDS), "signal");
  }

  public int awaitStarted() throws InterruptedException {
    return taken(started.poll(20, TimeUnit.SECONDS), "start");
  }

  public ExecResult awaitEnded() throws InterruptedException {
    return taken(ended.poll(20, TimeUnit.SECONDS), "end");
  }

  public GuestException awaitLost() throws InterruptedException {
    return taken(lost.poll(20, TimeUnit.SECONDS), "loss");
  }

  public IOException awaitBroken() throws InterruptedException {
    return taken(broken.poll(20, TimeUnit.SECONDS), "broken log");
  }

  /** How many ends nobody has waited for. */
  public int endsLeft() {
    return ended.size();
  }

  private static <T> T taken(@Nullable T told, String what) {
    if (told == null) {
      throw new AssertionError("no " + what + " was told");
    }
    return told;
  }
}
