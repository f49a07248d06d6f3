package dev.mayfly.worker.core.slot;

/** CPUs, memory and scratch space (MiB) of a host, or a part of them; none is negative. */
public record HostCapacity(int cpus, int memoryMib, int scratchMib) {

  public HostCapacity {
    if (cpus < 0 || memoryMib < 0 || scratchMib < 0) {
      throw new IllegalArgumentException(
          "capacity is negative: "
              + cpus
              + " CPUs, "
              + memoryMib
              + " MiB memory, "
              + scratchMib
              + " MiB scratch");
    }
  }
}
