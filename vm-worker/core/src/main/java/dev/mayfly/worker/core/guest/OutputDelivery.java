package dev.mayfly.worker.core.guest;

import dev.mayfly.worker.core.guest.FramedGuestExec.Delivery;
import dev.mayfly.worker.core.guest.GuestException.Kind;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.guest.GuestSession.OutputSink;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands output to the sinks, one piece at a time, the execs in turn; then acknowledges what they
 * call safe, and completes an exec's end behind its last byte. Its thread alone calls the sinks.
 */
final class OutputDelivery {
  private static final Logger LOG = LoggerFactory.getLogger(OutputDelivery.class);

  private final ReentrantLock lock;
  private final Condition changed;
  private final Outbox outbox;
  private final Consumer<GuestException> broken;
  private final Thread thread;

  // Guarded by the session's lock.
  private final ArrayDeque<FramedGuestExec> ready = new ArrayDeque<>();
  private boolean finishing;

  /**
   * @param lock guards the execs
   * @param broken told, once at most, when output can not be handed on any more
   * @param after runs at the very end of the thread
   */
  OutputDelivery(
      ReentrantLock lock, Outbox outbox, Consumer<GuestException> broken, Runnable after) {
    this.lock = lock;
    this.changed = lock.newCondition();
    this.outbox = outbox;
    this.broken = broken;
    this.thread =
        Thread.ofVirtual()
            .name("guest-output")
            .unstarted(() -> {
              run();
              after.run();
            });
  }

  void start() {
    thread.start();
  }

  /** The exec may have something to hand on. Under the lock. */
  void makeReady(FramedGuestExec exec) {
    if (exec.isAttached() && !exec.queued) {
      exec.queued = true;
      ready.add(exec);
      changed.signal();
    }
  }

  /** Nothing more will come; what is held is still handed on. Under the lock. */
  void finish() {
    finishing = true;
    changed.signal();
  }

  /** What is held is not handed on. */
  void abort() {
    thread.interrupt();
  }

  private void run() {
    try {
      for (FramedGuestExec exec = nextReady(); exec != null; exec = nextReady()) {
        deliver(exec);
      }
    } catch (InterruptedException e) {
      // What the sinks did not take is not acknowledged, so the guest keeps it.
      broken.accept(new GuestException(Kind.GONE, "the conversation was closed"));
    } catch (RuntimeException e) {
      LOG.atError().setCause(e).log("output sink failed");
      broken.accept(Answers.because(Kind.GONE, "the output could not be stored", e));
    }
  }

  /** Blocks for the next exec with something to hand on; null when all is done. */
  private @Nullable FramedGuestExec nextReady() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (ready.isEmpty()) {
        if (finishing) {
          return null;
        }
        changed.await(1, TimeUnit.MINUTES);
      }
      FramedGuestExec exec = ready.remove();
      exec.queued = false;
      return exec;
    } finally {
      lock.unlock();
    }
  }

  private void deliver(FramedGuestExec exec) throws InterruptedException {
    Delivery delivery;
    OutputSink sink;
    lock.lockInterruptibly();
    try {
      sink = exec.sink();
      delivery = exec.poll();
    } finally {
      lock.unlock();
    }
    if (sink == null) {
      return;
    }
    long safe = 0;
    if (delivery != null) {
      safe = sink.output(delivery.stream(), delivery.offset(), delivery.data());
    }
    AgentMessage.ExecExit exit;
    lock.lock();
    try {
      if (delivery != null) {
        HostMessage.OutputAck ack = exec.delivered(delivery, safe);
        if (ack != null) {
          outbox.acknowledge(ack);
        }
        makeReady(exec);
      }
      exit = exec.pollExit();
    } finally {
      lock.unlock();
    }
    if (exit != null) {
      end(exec, sink, exit);
    }
  }

  /** The sink makes safe what it held back, then the guest and the caller hear of it. */
  private void end(FramedGuestExec exec, OutputSink sink, AgentMessage.ExecExit exit)
      throws InterruptedException {
    sink.ended(GuestStream.STDOUT, exit.stdoutEnd());
    sink.ended(GuestStream.STDERR, exit.stderrEnd());
    lock.lock();
    try {
      exec.endSafe(exit);
      outbox.acknowledge(
          new HostMessage.OutputAck(exec.id(), GuestStream.STDOUT, exit.stdoutEnd()));
      outbox.acknowledge(
          new HostMessage.OutputAck(exec.id(), GuestStream.STDERR, exit.stderrEnd()));
    } finally {
      lock.unlock();
    }
    exec.ended().complete(exit.end());
  }
}
