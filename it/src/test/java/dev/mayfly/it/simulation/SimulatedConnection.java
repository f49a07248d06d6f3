package dev.mayfly.it.simulation;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One stream between a worker and an orchestrator. Each direction keeps its order and delays; when
 * the connection breaks, what was on its way is lost or not, and each side learns of it late or
 * never. On a rough connection also single messages are lost, come twice or overtake others, but
 * for those that only make sense on a stream.
 */
final class SimulatedConnection {
  private final World world;
  private final SplittableRandom random;
  private final boolean rough;
  private final int mostDelayMillis;
  private final Direction<UpMessage> up;
  private final Direction<DownMessage> down;
  private boolean broken;

  /** One end of it, as its owner has it. */
  interface Receiver<M> {
    void message(M message);

    void closed();
  }

  private static final class Direction<M> {
    final SimulatedProcess process;
    final Predicate<M> ordered;
    final Consumer<M> traced;
    @Nullable Receiver<M> receiver;
    long lastArrival;
    boolean closed;

    Direction(SimulatedProcess process, Predicate<M> ordered, Consumer<M> traced) {
      this.process = process;
      this.ordered = ordered;
      this.traced = traced;
    }
  }

  SimulatedConnection(
      World world, SimulatedProcess worker, SimulatedProcess orchestrator, boolean rough) {
    this.world = world;
    this.random = world.random().split();
    this.rough = rough;
    this.mostDelayMillis = random.nextInt(8) == 0 ? 4_000 : 1 + random.nextInt(60);
    this.up =
        new Direction<>(
            orchestrator, UpMessage::ordered, message -> world.trace(worker, "said", message));
    this.down =
        new Direction<>(
            worker, DownMessage::ordered, message -> world.trace(orchestrator, "said", message));
  }

  void workerListens(Receiver<DownMessage> receiver) {
    down.receiver = receiver;
  }

  void orchestratorListens(Receiver<UpMessage> receiver) {
    up.receiver = receiver;
  }

  boolean rough() {
    return rough;
  }

  boolean broken() {
    return broken;
  }

  SimulatedProcess orchestrator() {
    return up.process;
  }

  void sendUp(UpMessage message) {
    send(up, message);
  }

  void sendDown(DownMessage message) {
    send(down, message);
  }

  private <M> void send(Direction<M> direction, M message) {
    if (direction.closed) {
      return;
    }
    boolean mayMeddle = rough && world.storm() && !direction.ordered.test(message);
    if (mayMeddle && random.nextInt(100) < 4) {
      return;
    }
    direction.traced.accept(message);
    boolean overtakes = mayMeddle && random.nextInt(100) < 10;
    carry(direction, message, overtakes);
    if (mayMeddle && random.nextInt(100) < 6) {
      carry(direction, message, true);
    }
  }

  private <M> void carry(Direction<M> direction, M message, boolean outOfOrder) {
    long now = world.time().now();
    long arrival = now + Duration.ofMillis(random.nextInt(mostDelayMillis)).toNanos();
    if (!outOfOrder) {
      arrival = Math.max(arrival, direction.lastArrival);
      direction.lastArrival = arrival;
    }
    world
        .time()
        .at(
            arrival,
            direction.process,
            () -> {
              Receiver<M> receiver = direction.receiver;
              if (!direction.closed && receiver != null) {
                receiver.message(message);
              }
            });
  }

  /** The worker ends it; what it has said may still arrive. */
  void closeByWorker() {
    close(down, up);
  }

  /** The orchestrator ends it; what it has said may still arrive. */
  void closeByOrchestrator() {
    close(up, down);
  }

  private void close(Direction<?> own, Direction<?> other) {
    own.closed = true;
    broken = true;
    endLater(other, random.nextInt(3) > 0);
  }

  /** The network fails: either side notices, or has to find out by silence. */
  void cut() {
    if (broken) {
      return;
    }
    broken = true;
    world.trace("network", "cut", up.process + " from " + down.process);
    boolean noticed = random.nextInt(3) > 0;
    boolean arrives = random.nextBoolean();
    if (!arrives) {
      up.closed = true;
      down.closed = true;
    }
    if (noticed || random.nextBoolean()) {
      endLater(up, arrives);
    } else {
      up.closed = true;
    }
    if (noticed || random.nextBoolean()) {
      endLater(down, arrives);
    } else {
      down.closed = true;
    }
  }

  private <M> void endLater(Direction<M> direction, boolean inOrder) {
    long now = world.time().now();
    long at = now + Duration.ofMillis(random.nextInt(mostDelayMillis)).toNanos();
    world
        .time()
        .at(
            inOrder ? Math.max(at, direction.lastArrival) : at,
            direction.process,
            () -> {
              direction.closed = true;
              Receiver<M> receiver = direction.receiver;
              if (receiver != null) {
                receiver.closed();
              }
            });
  }
}
