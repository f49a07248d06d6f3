package dev.mayfly.db;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What has to be taken back, in the reverse order of its taking. One that fails does not keep the
 * others from running. Not thread-safe.
 */
final class Undo implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Undo.class);

  private record Step(String name, Runnable action) {}

  private final Deque<Step> steps = new ArrayDeque<>();

  void push(String name, Runnable action) {
    steps.push(new Step(name, action));
  }

  /** Hands the steps to whoever keeps what they would undo: closing this one does nothing more. */
  Undo handOver() {
    var keeper = new Undo();
    keeper.steps.addAll(steps);
    steps.clear();
    return keeper;
  }

  @Override
  public void close() {
    while (!steps.isEmpty()) {
      var step = steps.pop();
      try {
        step.action().run();
      } catch (RuntimeException e) {
        log.atError().setCause(e).addKeyValue("step", step.name()).log("An undo failed");
      }
    }
  }
}
