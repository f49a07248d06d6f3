package dev.mayfly.it.simulation;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs virtual threads one at a time on the thread that calls {@link #settle}, in an order drawn
 * from the seed. When nothing is ready, every thread waits for something that only another event
 * can bring: there is nothing to wait for and nothing to guess.
 *
 * <p>Virtual threads take over the scheduler of the thread that starts them, so what a core starts
 * by itself runs here as well. The scheduler is given through a constructor that the JDK keeps for
 * its own tests; the tests' JVM opens {@code java.lang} for it.
 */
final class SimulatedThreads {

  /** More turns than this in one step is a loop that never ends. */
  private static final int MAX_TURNS_PER_STEP = 200_000;

  private record Turn(BooleanSupplier alive, Runnable continuation) {}

  private final SplittableRandom random;
  private final List<Turn> ready = new ArrayList<>();
  private @Nullable Throwable failure;

  SimulatedThreads(SplittableRandom random) {
    this.random = random;
  }

  /** Starts the threads of one process. */
  interface Starter {
    void start(Runnable body);
  }

  /**
   * A starter whose threads, and all that these start, stand still for ever once the process is not
   * alive.
   */
  Starter starter(BooleanSupplier alive) {
    Thread.Builder.OfVirtual builder =
        VirtualThreadBuilders.on(continuation -> ready.add(new Turn(alive, continuation)));
    return body ->
        builder.start(() -> {
          try {
            body.run();
          } catch (RuntimeException | Error thrown) {
            fail(thrown);
          }
        });
  }

  private void fail(Throwable thrown) {
    if (failure == null) {
      failure = thrown;
    }
  }

  /** Runs until every thread waits; throws what one of them threw. */
  void settle() {
    for (int turns = 0; !ready.isEmpty(); turns++) {
      if (turns > MAX_TURNS_PER_STEP) {
        throw new IllegalStateException("the threads never come to rest");
      }
      int last = ready.size() - 1;
      int chosen = last == 0 ? 0 : random.nextInt(last + 1);
      Turn turn = ready.set(chosen, ready.get(last));
      ready.remove(last);
      if (turn.alive().getAsBoolean()) {
        turn.continuation().run();
      }
    }
    if (failure instanceof RuntimeException thrown) {
      throw thrown;
    }
    if (failure instanceof Error thrown) {
      throw thrown;
    }
  }

  /**
   * Lets go of threads that stand still for ever. The JDK wakes a thread that waits with a time
   * limit by a task of its own, which would keep each of them for as long as its limit: hours.
   */
  static void forgetTheDead() {
    WakeUps.forget();
  }

  /** Where the JDK keeps the time limits of waiting virtual threads. */
  private static final class WakeUps {
    private static final Object[] SCHEDULERS = schedulers();

    private WakeUps() {}

    private static Object[] schedulers() {
      try {
        Field field =
            Class.forName("java.lang.VirtualThread$DelayedTaskSchedulers")
                .getDeclaredField("INSTANCE");
        field.setAccessible(true);
        return (Object[]) field.get(null);
      } catch (ReflectiveOperationException | RuntimeException absent) {
        throw new IllegalStateException("the JDK keeps its wake-ups elsewhere", absent);
      }
    }

    static void forget() {
      for (Object scheduler : SCHEDULERS) {
        ((ScheduledThreadPoolExecutor) scheduler).getQueue().clear();
      }
    }
  }

  /** The JDK's way to give virtual threads another scheduler. */
  private static final class VirtualThreadBuilders {
    private static final Constructor<?> CONSTRUCTOR = constructor();

    private VirtualThreadBuilders() {}

    private static Constructor<?> constructor() {
      try {
        Constructor<?> found =
            Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
                .getDeclaredConstructor(Executor.class);
        found.setAccessible(true);
        return found;
      } catch (ReflectiveOperationException | RuntimeException absent) {
        throw new IllegalStateException(
            "this JVM does not let a test schedule virtual threads: start it with"
                + " --add-opens=java.base/java.lang=ALL-UNNAMED",
            absent);
      }
    }

    static Thread.Builder.OfVirtual on(Executor scheduler) {
      try {
        return (Thread.Builder.OfVirtual) CONSTRUCTOR.newInstance(scheduler);
      } catch (InstantiationException | IllegalAccessException | InvocationTargetException bug) {
        throw new IllegalStateException("the JDK's builder of virtual threads has changed", bug);
      }
    }
  }
}
