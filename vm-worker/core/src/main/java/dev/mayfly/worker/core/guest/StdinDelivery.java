package dev.mayfly.worker.core.guest;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Sends stdin as far as the guest takes it. One caller at a time per exec, or their bytes mix. */
final class StdinDelivery {
  private final ReentrantLock lock;
  private final Condition changed;
  private final FramedGuestSession session;

  /**
   * Of one conversation.
   *
   * @param lock guards the execs
   */
  StdinDelivery(ReentrantLock lock, FramedGuestSession session) {
    this.lock = lock;
    this.changed = lock.newCondition();
    this.session = session;
  }

  /** The guest takes more, or an exec or the conversation is over. Under the lock. */
  void changed() {
    changed.signalAll();
  }

  void send(FramedGuestExec exec, byte[] data) throws GuestException, InterruptedException {
    int from = 0;
    while (from < data.length) {
      HostMessage.Stdin part;
      lock.lock();
      try {
        while (exec.stdinLimit <= exec.stdinSent && !exec.hasExited() && !session.isOver()) {
          // As long as the process wants; its end, the guest's end or an interrupt end the wait.
          changed.await(1, TimeUnit.MINUTES);
        }
        session.checkNotOver();
        if (exec.hasExited()) {
          return;
        }
        if (exec.stdinClosed) {
          throw new IllegalStateException("stdin of exec " + exec.id() + " is closed");
        }
        int count =
            (int)
                Math.min(
                    Math.min(data.length - from, GuestFrameCodec.MAX_DATA),
                    exec.stdinLimit - exec.stdinSent);
        part =
            new HostMessage.Stdin(
                exec.id(), exec.stdinSent, Arrays.copyOfRange(data, from, from + count));
        exec.stdinSent += count;
        from += count;
      } finally {
        lock.unlock();
      }
      session.send(part, FramedGuestSession.sendDeadline());
    }
  }

  void close(FramedGuestExec exec) throws GuestException, InterruptedException {
    HostMessage.StdinEof eof;
    lock.lock();
    try {
      session.checkNotOver();
      if (exec.hasExited() || exec.stdinClosed) {
        return;
      }
      exec.stdinClosed = true;
      eof = new HostMessage.StdinEof(exec.id(), exec.stdinSent);
    } finally {
      lock.unlock();
    }
    session.send(eof, FramedGuestSession.sendDeadline());
  }

  /** Blocks until the process has more than this, and returns how much it has. */
  long awaitTaken(FramedGuestExec exec, long beyond) throws GuestException, InterruptedException {
    lock.lock();
    try {
      while (exec.stdinTaken <= beyond && !exec.hasExited() && !session.isOver()) {
        changed.await(1, TimeUnit.MINUTES);
      }
      session.checkNotOver();
      return exec.hasExited() ? exec.stdinSent : exec.stdinTaken;
    } finally {
      lock.unlock();
    }
  }
}
