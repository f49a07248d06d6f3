package dev.mayfly.it.simulation;

import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerId;
import dev.mayfly.worker.core.log.InMemoryLogSpool;
import dev.mayfly.worker.core.slot.HostCapacity;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;

/**
 * A machine with its disk: what is here outlives the worker process. When the machine fails, the
 * microVMs are gone; the disk stays, but for what had not been written out.
 */
final class SimulatedHost {
  private final String name;
  private final WorkerId id;
  private final HostCapacity capacity;
  private final World world;
  private final Map<String, SimulatedGuest> microVms = new LinkedHashMap<>();
  private final Map<String, Shape> shapes = new HashMap<>();
  private final Set<String> directories = new TreeSet<>();
  private final Set<String> scratches = new TreeSet<>();
  private InMemoryLogSpool spool = new InMemoryLogSpool();
  private final SimulatedJournals journals = new SimulatedJournals(this::diskFull);
  private SimulatedProcess power;
  private boolean diskFull;

  SimulatedHost(String name, WorkerId id, HostCapacity capacity, World world) {
    this.name = name;
    this.id = id;
    this.capacity = capacity;
    this.world = world;
    this.power = world.process(name + " power");
  }

  String name() {
    return name;
  }

  WorkerId id() {
    return id;
  }

  /** A process on this host: all of them share its clock, until it boots. */
  SimulatedProcess process() {
    return world.process(name, power.origin());
  }

  HostCapacity capacity() {
    return capacity;
  }

  Map<String, SimulatedGuest> microVms() {
    return microVms;
  }

  Set<String> directories() {
    return directories;
  }

  Set<String> scratches() {
    return scratches;
  }

  SimulatedJournals journals() {
    return journals;
  }

  InMemoryLogSpool spool() {
    return spool;
  }

  boolean diskFull() {
    return diskFull;
  }

  void diskFull(boolean full) {
    diskFull = full;
  }

  /** A microVM is made. Its name belongs to one attempt, and so to one host. */
  SimulatedGuest boot(String microVm, Shape shape) {
    if (microVms.containsKey(microVm)) {
      throw new Violation("microVM " + microVm + " was booted while it ran on " + name);
    }
    world.claimName(microVm, name);
    SplittableRandom random = world.randomFor(name + microVm);
    SimulatedGuest guest =
        new SimulatedGuest(
            microVm,
            world.programOf(name, microVm),
            power,
            random,
            () -> {
              world.trace(name, "lost", microVm);
              microVms.remove(microVm);
              shapes.remove(microVm);
            });
    world.booted(guest);
    microVms.put(microVm, guest);
    shapes.put(microVm, shape);
    checkRoom();
    world.trace(name, "booted", microVm);
    return guest;
  }

  private void checkRoom() {
    int cpus = 0;
    int memory = 0;
    int scratch = 0;
    for (Shape shape : shapes.values()) {
      cpus += shape.cpus();
      memory += shape.memoryMib();
      scratch += shape.scratchMib();
    }
    if (cpus > capacity.cpus()
        || memory > capacity.memoryMib()
        || scratch > capacity.scratchMib()) {
      throw new Violation(
          "host " + name + " runs " + shapes + ", more than its capacity of " + capacity);
    }
  }

  /** The machine fails: no microVM survives, and perhaps not what was written last. */
  void fail(World in) {
    power.kill();
    power = in.process(name + " power");
    microVms.clear();
    shapes.clear();
    diskFull = false;
    journals.hostBooted();
    if (in.random().nextBoolean()) {
      spool = new InMemoryLogSpool();
      in.diskLost();
    }
  }
}
