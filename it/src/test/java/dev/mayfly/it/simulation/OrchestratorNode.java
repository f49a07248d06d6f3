package dev.mayfly.it.simulation;

import dev.mayfly.core.lease.LeasePolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One of the orchestrators: the life of its process there is now, if any. */
final class OrchestratorNode {
  private final String name;
  private final World world;
  private final SimulatedDatabase database;
  private final Duration sweep;
  private final List<SimulatedConnection> connections = new ArrayList<>();
  private @Nullable SimulatedOrchestrator life;

  OrchestratorNode(String name, World world, SimulatedDatabase database, Duration sweep) {
    this.name = name;
    this.world = world;
    this.database = database;
    this.sweep = sweep;
  }

  String name() {
    return name;
  }

  Optional<SimulatedOrchestrator> life() {
    return Optional.ofNullable(life);
  }

  void start() {
    if (life == null) {
      world.trace(name, "starts", "");
      life = new SimulatedOrchestrator(name, world, database, LeasePolicy.DEFAULT, sweep);
    }
  }

  void freeze(Duration length) {
    life().ifPresent(living -> living.process().freeze(length));
  }

  void crash(Duration down) {
    SimulatedOrchestrator living = life;
    if (living != null) {
      living.process().kill();
      life = null;
      connections.forEach(SimulatedConnection::cut);
      connections.clear();
    }
    world.time().after(down, this::start);
  }

  /** A worker dials; empty when nobody listens. */
  Optional<SimulatedConnection> connect(SimulatedProcess worker, boolean rough) {
    return life()
        .map(living -> {
          SimulatedConnection connection =
              new SimulatedConnection(world, worker, living.process(), rough);
          living.accept(connection);
          connections.removeIf(SimulatedConnection::broken);
          connections.add(connection);
          return connection;
        });
  }
}
