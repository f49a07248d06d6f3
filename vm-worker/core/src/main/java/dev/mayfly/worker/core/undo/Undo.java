package dev.mayfly.worker.core.undo;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Takes back what was acquired, last first.
 *
 * <p>Each resource pushes its undo on the line after it was acquired. {@link #close} runs every
 * step even when others fail; a step that failed stays and is tried again by the next {@code
 * close}, so closing is idempotent once it has succeeded. {@link #disarm} keeps the resources.
 *
 * <p>Thread-safe. A push that comes after {@code close} (a straggler that acquired something while
 * its owner gave up) is undone at once, so that nothing is left behind.
 */
public final class Undo implements AutoCloseable {

  /** One thing to take back. Must be harmless when what it removes is gone already. */
  @FunctionalInterface
  public interface Step {
    void run() throws Exception;
  }

  private record NamedStep(String name, Step step) {}

  private enum Stage {
    ARMED,
    CLOSED,
    DISARMED
  }

  private final Deque<NamedStep> steps = new ArrayDeque<>();
  private Stage stage = Stage.ARMED;

  /**
   * Adds a step, to be run before all that were added earlier.
   *
   * @throws IllegalStateException after {@link #close}: the step has been run at once; after {@link
   *     #disarm}: a bug
   */
  public synchronized void push(String name, Step step) {
    switch (stage) {
      case ARMED -> steps.push(new NamedStep(name, step));
      case CLOSED -> {
        steps.push(new NamedStep(name, step));
        close();
        throw new IllegalStateException("undo of " + name + " came after the end; it was undone");
      }
      case DISARMED -> throw new IllegalStateException("undo of " + name + " came after disarm");
    }
  }

  /** Forgets all steps: the resources now belong to someone else. */
  public synchronized void disarm() {
    steps.clear();
    stage = Stage.DISARMED;
  }

  /** Names of the steps that are still to be run, in the order in which they would run. */
  public synchronized List<String> pending() {
    return steps.stream().map(NamedStep::name).toList();
  }

  /**
   * Runs all steps. An interrupt of the caller is kept for later: undoing must not stop half way.
   *
   * @throws UndoException when a step failed; it names them and holds each failure as suppressed;
   *     they are tried again by the next call
   */
  @Override
  public synchronized void close() {
    if (stage == Stage.ARMED) {
      stage = Stage.CLOSED;
    }
    if (steps.isEmpty()) {
      return;
    }
    boolean interrupted = Thread.interrupted();
    var failed = new ArrayDeque<NamedStep>();
    var failures = new ArrayDeque<Exception>();
    try {
      while (!steps.isEmpty()) {
        var next = steps.pop();
        try {
          next.step().run();
        } catch (InterruptedException failure) {
          interrupted = true;
          failed.add(next);
          failures.add(failure);
        } catch (Exception failure) {
          failed.add(next);
          failures.add(failure);
        }
      }
    } finally {
      steps.addAll(failed);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    if (!failures.isEmpty()) {
      var names = failed.stream().map(NamedStep::name).toList();
      var exception = new UndoException("could not undo " + String.join(", ", names));
      failures.forEach(exception::addSuppressed);
      throw exception;
    }
  }
}
