package dev.mayfly.image.builder;

import java.nio.file.Path;

/** Refuses to start what would run out of disk half-way. */
final class BuildSpace {
  /**
   * Measured for debian:12: 480 MiB of tree and packages within mmdebstrap, or 170 of tar, 200 of
   * unpacked tree, 130 of kernel package and 150 of bundle; and as much again for safety.
   */
  static final long NEEDED_MIB = 1200;

  static final String EXHAUSTED =
      "the disk is full; free some space (a build needs about "
          + NEEDED_MIB
          + " MiB) and try again";

  private BuildSpace() {}

  /** Whether a program, or the kernel, says so in this line. */
  static boolean isExhausted(String line) {
    return line.contains("No space left on device") || line.contains("Disk quota exceeded");
  }

  /** The same text, or what to do where it says that the disk is full. */
  static String explain(String problem) {
    return isExhausted(problem) ? EXHAUSTED : problem;
  }

  static void require(Path directory) throws BuildException {
    require(directory, NEEDED_MIB << 20);
  }

  /**
   * @param bytes that will be written
   */
  static void require(Path directory, long bytes) throws BuildException {
    long needed = bytes >> 20;
    // Not Files.getFileStore: it wants to know the mount point, and inside a chroot there may be
    // none.
    long free = directory.toFile().getUsableSpace() >> 20;
    if (free < needed) {
      throw new BuildException(
          directory
              + " has "
              + free
              + " MiB free, and a build needs about "
              + needed
              + " MiB; free some space, or give another directory with --home");
    }
  }
}
