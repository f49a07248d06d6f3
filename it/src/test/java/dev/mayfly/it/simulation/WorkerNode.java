package dev.mayfly.it.simulation;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A worker: its host, and the life of its process there is now, if any. */
final class WorkerNode {
  /** The daemon gives its jobs 12 s, its reports 3 s and its link 3 s. */
  private static final Duration LEAVE_LIMIT = Duration.ofSeconds(18);

  private final SimulatedHost host;
  private final World world;
  private final WorkerLink.Dialler dialler;
  private long cutOffUntil;
  private @Nullable WorkerLife life;

  WorkerNode(SimulatedHost host, World world, WorkerLink.Dialler dialler) {
    this.host = host;
    this.world = world;
    this.dialler = worker -> reachable() ? dialler.dial(worker) : Optional.empty();
  }

  String name() {
    return host.name();
  }

  SimulatedHost host() {
    return host;
  }

  Optional<WorkerLife> life() {
    return Optional.ofNullable(life);
  }

  Optional<SimulatedConnection> connection() {
    return life().flatMap(living -> living.link().connection());
  }

  void start() {
    if (life == null) {
      world.trace(name(), "starts", "");
      life = new WorkerLife(host, world, dialler);
    }
  }

  void freeze(Duration length) {
    life().ifPresent(living -> living.process().freeze(length));
  }

  /** No connection works for a while. */
  void cutOff(Duration length) {
    cutOffUntil = Math.max(cutOffUntil, world.time().now() + length.toNanos());
    connection().ifPresent(SimulatedConnection::cut);
  }

  boolean reachable() {
    return world.time().now() >= cutOffUntil;
  }

  /** The process is killed; its microVMs go on, until the next life finds them. */
  void crash(Duration down) {
    end();
    world.time().after(down, this::start);
  }

  void hostFails(Duration down) {
    end();
    host.fail(world);
    world.time().after(down, this::start);
  }

  private void end() {
    WorkerLife living = life;
    if (living != null) {
      // A process that dies closes its sockets; a host that fails says nothing.
      living.link().connection().ifPresent(SimulatedConnection::cut);
      living.process().kill();
      life = null;
    }
  }

  /**
   * The process shuts down in good order, and starts again later.
   *
   * @param keeps its microVMs for the next life, else it ends them
   */
  void leave(Duration down, boolean keeps) {
    WorkerLife leaving = life;
    if (leaving == null) {
      return;
    }
    if (keeps) {
      leaving.detach();
    } else {
      leaving.leave();
    }
    world
        .time()
        .after(
            LEAVE_LIMIT,
            () -> {
              if (life == leaving) {
                crash(down);
              }
            });
  }
}
