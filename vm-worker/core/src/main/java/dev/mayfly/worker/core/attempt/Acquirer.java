package dev.mayfly.worker.core.attempt;

import java.time.Duration;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Comes to the guest on a thread of its own and tells the owner of the attempt what came of it. */
final class Acquirer {
  /** How long a step may take to notice that it was interrupted. */
  private static final Duration STOP_LIMIT = Duration.ofSeconds(5);

  private static final Logger log = LoggerFactory.getLogger(Acquirer.class);

  private final GuestSource source;
  private final Consumer<AttemptMessage> post;
  private final Thread thread;

  /**
   * An acquirer that has not begun.
   *
   * @param name of the microVM
   */
  Acquirer(String name, GuestSource source, Consumer<AttemptMessage> post) {
    this.source = source;
    this.post = post;
    this.thread = Thread.ofVirtual().name("prepare " + name).unstarted(this::acquire);
  }

  void start() {
    thread.start();
  }

  /** Interrupts what it does; what it acquires all the same is undone as it is pushed. */
  void stop() {
    thread.interrupt();
    try {
      if (!thread.join(STOP_LIMIT)) {
        log.atError().addKeyValue("thread", thread.getName()).log("Step did not stop in time");
      }
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException("nobody interrupts an owner", interrupted);
    }
  }

  private void acquire() {
    try {
      post.accept(new AttemptMessage.Acquired(source.acquire()));
    } catch (AttemptFault fault) {
      post.accept(new AttemptMessage.NotAcquired(fault));
    } catch (InterruptedException given) {
      // Only the owner interrupts, and only when it knows the end already.
      Thread.currentThread().interrupt();
    } catch (RuntimeException bug) {
      post.accept(new AttemptMessage.AcquisitionBroke(bug));
    }
  }
}
