package dev.mayfly.worker.daemon.images;

import dev.mayfly.worker.core.bundle.PullListener;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps what a waiting job was told of a pull. Thread-safe. */
final class Told implements PullListener {
  private final List<String> lines = new CopyOnWriteArrayList<>();

  List<String> lines() {
    return lines;
  }

  @Override
  public void progress(long bytesDone, long bytesTotal) {
    lines.add(bytesDone + " of " + bytesTotal);
  }

  @Override
  public void pulled() {
    lines.add("pulled");
  }
}
