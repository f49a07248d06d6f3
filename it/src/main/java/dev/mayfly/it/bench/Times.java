package dev.mayfly.it.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** How long the rounds of a measurement took, in nanoseconds. Not thread-safe. */
final class Times {
  private static final double NANOS = 1e9;

  private final List<Long> nanos = new ArrayList<>();

  /** Does something and remembers how long it took. */
  <T> T measure(Work<T> work) throws Exception {
    long started = System.nanoTime();
    T result = work.run();
    add(System.nanoTime() - started);
    return result;
  }

  void add(long nanoseconds) {
    nanos.add(nanoseconds);
  }

  /** Of an even number of rounds the mean of the middle two. */
  double medianSeconds() {
    List<Long> sorted = new ArrayList<>(nanos);
    Collections.sort(sorted);
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle) / NANOS
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2 / NANOS;
  }

  /** What is measured. */
  @FunctionalInterface
  interface Work<T> {
    T run() throws Exception;
  }
}
