package dev.mayfly.worker.core.janitor;

import dev.mayfly.worker.core.janitor.JanitorPlanner.VmmProcess;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Port to what attempts, living or not, have on this host. */
public interface HostLeftovers {

  /** Where the directories of all microVMs of this worker lie. */
  Path root();

  /** Processes of VMMs whose microVM's directory lies under the root. */
  List<VmmProcess> processes() throws IOException;

  /** Directories in the root. */
  List<Path> directories() throws IOException;

  /** Attempts that have a log spool here; without those that were there and could not be read. */
  List<AttemptLease> spools() throws IOException;

  /** Attempts that have a journal here, readable or not. */
  List<AttemptLease> journals() throws IOException;

  /** Kills a process and waits until it is gone. Idempotent; never kills a later process. */
  void kill(VmmProcess process) throws IOException, InterruptedException;

  /** Removes a directory and all in it. Idempotent. */
  void removeDirectory(Path directory) throws IOException;

  /** Removes a log spool. Idempotent. */
  void removeSpool(AttemptLease lease) throws IOException;

  /** Removes a journal. Idempotent. */
  void removeJournal(AttemptLease lease) throws IOException;
}
