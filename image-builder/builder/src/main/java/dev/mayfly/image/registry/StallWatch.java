package dev.mayfly.image.registry;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** Closes a stream that has brought nothing for a minute, so that its reader goes on. */
final class StallWatch implements AutoCloseable {
  private static final Duration STALL = Duration.ofSeconds(60);
  private static final Duration LOOK = Duration.ofSeconds(5);

  private final InputStream in;
  private final Thread thread;
  private volatile long movedAt = System.nanoTime();

  StallWatch(InputStream in) {
    this.in = in;
    this.thread = Thread.ofVirtual().start(this::watch);
  }

  /** Something has come. */
  void moved() {
    movedAt = System.nanoTime();
  }

  @Override
  public void close() {
    thread.interrupt();
  }

  private void watch() {
    try {
      while (System.nanoTime() - movedAt < STALL.toNanos()) {
        Thread.sleep(LOOK);
      }
      in.close();
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    } catch (IOException closedAnyway) {
      // The reader sees it.
    }
  }
}
