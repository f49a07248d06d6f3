package dev.mayfly.worker.core.attempt;

import java.io.IOException;
import java.nio.file.Path;

/** Port to what a microVM has on the host's disk. Thread-safe; all removals are idempotent. */
public interface MicroVmFiles {

  /**
   * Makes the empty directory of a microVM, readable by this user only.
   *
   * @throws IOException also when there is one already; the message is fit for people
   */
  Path createDirectory(String name) throws IOException;

  /** Where the directory of a microVM is, if it is. */
  Path directory(String name);

  /** Removes the directory and everything in it. */
  void removeDirectory(Path directory) throws IOException;

  /**
   * Makes the scratch disk of a microVM in its directory: an empty ext4 of this size, sparse.
   *
   * @throws IOException with a message fit for people; nothing of it is left
   */
  Path createScratch(Path directory, int scratchMib) throws IOException, InterruptedException;

  /** Removes a scratch disk. */
  void removeScratch(Path scratch) throws IOException;
}
