package dev.mayfly.api;

/**
 * The size of a microVM. The bounds are those of the VMM and of good sense; what a worker can
 * really hold is placement's question.
 *
 * @param cpus virtual CPUs, {@value #MIN_CPUS} to {@value #MAX_CPUS}
 * @param memoryMib memory in MiB, {@value #MIN_MEMORY_MIB} to {@value #MAX_MEMORY_MIB}
 * @param scratchMib size of the writable disk in MiB, {@value #MIN_SCRATCH_MIB} to {@value
 *     #MAX_SCRATCH_MIB}
 */
public record Shape(int cpus, int memoryMib, int scratchMib) {
  public static final int MIN_CPUS = 1;

  /** What our guest kernel is built for (CONFIG_NR_CPUS). */
  public static final int MAX_CPUS = 32;

  /** The stock kernel with its initramfs needs about 100 MiB to reach user space. */
  public static final int MIN_MEMORY_MIB = 128;

  public static final int MAX_MEMORY_MIB = 1024 * 1024;

  /** Less than this leaves ext4 with no usable space after its own tables. */
  public static final int MIN_SCRATCH_MIB = 64;

  public static final int MAX_SCRATCH_MIB = 1024 * 1024;

  /** What a job gets when it does not say. */
  public static final Shape DEFAULT = new Shape(1, 512, 2048);

  public Shape {
    check("cpus", cpus, MIN_CPUS, MAX_CPUS);
    check("memoryMib", memoryMib, MIN_MEMORY_MIB, MAX_MEMORY_MIB);
    check("scratchMib", scratchMib, MIN_SCRATCH_MIB, MAX_SCRATCH_MIB);
  }

  private static void check(String field, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          field + " is " + value + ", must be " + least + " to " + most);
    }
  }
}
