package dev.mayfly.worker.daemon;

import dev.mayfly.worker.core.attempt.AttemptJournals;
import dev.mayfly.worker.core.janitor.HostLeftovers;
import dev.mayfly.worker.core.janitor.JanitorPlanner.VmmProcess;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.daemon.files.DiskMicroVmFiles;
import dev.mayfly.worker.hypervisor.qemu.VmProcesses;
import dev.mayfly.worker.linux.ProcessIdentity;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What attempts have on this host: processes of VMMs, directories under {@code vms/}, log spools
 * and journals.
 *
 * @param spoolDirectory holds one directory per spool, named by its lease
 */
record DiskLeftovers(
    DiskMicroVmFiles files,
    VmProcesses processList,
    Path spoolDirectory,
    AttemptJournals journalStore)
    implements HostLeftovers {
  /** A killed process is gone in milliseconds; seconds when it was writing a lot. */
  private static final Duration DEATH_LIMIT = Duration.ofSeconds(10);

  private static final Duration DEATH_LOOK = Duration.ofMillis(5);

  @Override
  public Path root() {
    return files.vms();
  }

  @Override
  public List<VmmProcess> processes() throws IOException {
    return processList.findAll(root()).stream()
        .map(found ->
            new VmmProcess(found.process().pid(), found.process().startTicks(), found.directory()))
        .toList();
  }

  @Override
  public List<Path> directories() throws IOException {
    var found = new ArrayList<Path>();
    try (DirectoryStream<Path> directories = Files.newDirectoryStream(root())) {
      directories.forEach(found::add);
    }
    return found;
  }

  @Override
  public List<AttemptLease> spools() throws IOException {
    var found = new ArrayList<AttemptLease>();
    if (!Files.isDirectory(spoolDirectory)) {
      return found;
    }
    try (DirectoryStream<Path> directories = Files.newDirectoryStream(spoolDirectory)) {
      for (var directory : directories) {
        try {
          found.add(AttemptLease.parse(String.valueOf(directory.getFileName())));
        } catch (IllegalArgumentException notOurs) {
          // Whoever put it there may take it away.
        }
      }
    }
    return found;
  }

  @Override
  public List<AttemptLease> journals() throws IOException {
    return journalStore.leases();
  }

  @Override
  public void removeSpool(AttemptLease lease) throws IOException {
    files.removeDirectory(spoolDirectory.resolve(lease.toString()));
  }

  @Override
  public void removeJournal(AttemptLease lease) throws IOException {
    journalStore.remove(lease);
  }

  @Override
  public void kill(VmmProcess process) throws IOException, InterruptedException {
    var identity = new ProcessIdentity(process.pid(), process.startTicks());
    identity.kill();
    long until = System.nanoTime() + DEATH_LIMIT.toNanos();
    while (identity.isAlive()) {
      if (System.nanoTime() - until > 0) {
        throw new IOException("process " + process.pid() + " did not end after SIGKILL");
      }
      Thread.sleep(DEATH_LOOK);
    }
  }

  @Override
  public void removeDirectory(Path directory) throws IOException {
    files.removeDirectory(directory);
  }
}
