package dev.mayfly.core.fleet;

import dev.mayfly.api.Shape;

/** An amount of what microVMs use; unlike a {@link Shape} it may be zero. */
public record Capacity(int cpus, int memoryMib, int scratchMib) {
  public static final Capacity NONE = new Capacity(0, 0, 0);

  public Capacity plus(Shape shape) {
    return new Capacity(
        Math.addExact(cpus, shape.cpus()),
        Math.addExact(memoryMib, shape.memoryMib()),
        Math.addExact(scratchMib, shape.scratchMib()));
  }

  /** What is left of this; an over-committed part counts as zero. */
  public Capacity minus(Capacity used) {
    return new Capacity(
        Math.max(0, cpus - used.cpus),
        Math.max(0, memoryMib - used.memoryMib),
        Math.max(0, scratchMib - used.scratchMib));
  }

  public boolean holds(Shape shape) {
    return cpus >= shape.cpus()
        && memoryMib >= shape.memoryMib()
        && scratchMib >= shape.scratchMib();
  }
}
