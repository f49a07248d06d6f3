package dev.mayfly.worker.core.slot;

import dev.mayfly.api.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What this host offers and what of it is taken; nothing is overcommitted: CPUs, memory and scratch
 * are all hard limits. Thread-safe.
 */
public final class SlotLedger {
  private final HostCapacity capacity;
  private final Map<String, Shape> taken = new HashMap<>();

  public SlotLedger(HostCapacity capacity) {
    this.capacity = capacity;
  }

  public HostCapacity capacity() {
    return capacity;
  }

  /** What came of a claim. */
  public sealed interface Claim {
    /** The share is the owner's until {@link SlotLedger#release}. */
    record Claimed() implements Claim {}

    /**
     * There is not enough left.
     *
     * @param reason for people, naming each thing that lacks
     */
    record Full(String reason) implements Claim {}
  }

  /**
   * Claims a share for one owner.
   *
   * @throws IllegalStateException when this owner has one already
   */
  public synchronized Claim claim(String owner, Shape shape) {
    if (taken.containsKey(owner)) {
      throw new IllegalStateException(owner + " has a slot already");
    }
    var free = free();
    var lacks = new ArrayList<String>();
    lack(lacks, "CPUs", shape.cpus(), free.cpus(), capacity.cpus());
    lack(lacks, "MiB of memory", shape.memoryMib(), free.memoryMib(), capacity.memoryMib());
    lack(lacks, "MiB of scratch", shape.scratchMib(), free.scratchMib(), capacity.scratchMib());
    if (!lacks.isEmpty()) {
      return new Claim.Full("worker is full: " + String.join("; ", lacks));
    }
    taken.put(owner, shape);
    return new Claim.Claimed();
  }

  /**
   * Takes the share of a microVM that runs already, be there room for it or not: what this host
   * offers may have become less since. Nothing else is claimed until there is room again.
   *
   * @throws IllegalStateException when this owner has one already
   */
  public synchronized void take(String owner, Shape shape) {
    if (taken.putIfAbsent(owner, shape) != null) {
      throw new IllegalStateException(owner + " has a slot already");
    }
  }

  /** Who has a share. */
  public synchronized Set<String> owners() {
    return Set.copyOf(taken.keySet());
  }

  /** Gives a share back. Idempotent. */
  public synchronized void release(String owner) {
    taken.remove(owner);
  }

  /** What is not taken; nothing where more is taken than there is. */
  public synchronized HostCapacity free() {
    int cpus = capacity.cpus();
    int memory = capacity.memoryMib();
    int scratch = capacity.scratchMib();
    for (var shape : taken.values()) {
      cpus -= shape.cpus();
      memory -= shape.memoryMib();
      scratch -= shape.scratchMib();
    }
    return new HostCapacity(Math.max(0, cpus), Math.max(0, memory), Math.max(0, scratch));
  }

  private static void lack(List<String> lacks, String what, int asked, int free, int all) {
    if (asked > free) {
      lacks.add(asked + " " + what + " asked, " + free + " of " + all + " free");
    }
  }
}
