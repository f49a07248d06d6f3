package dev.mayfly.client;

import java.time.Duration;

/** The passing of time, so that tests need not wait for it. */
interface TimeSource {
  TimeSource SYSTEM =
      new TimeSource() {
        @Override
        public long nanoTime() {
          return System.nanoTime();
        }

        @Override
        public void pause(Duration duration) throws InterruptedException {
          Thread.sleep(duration.toMillis());
        }
      };

  long nanoTime();

  void pause(Duration duration) throws InterruptedException;
}
