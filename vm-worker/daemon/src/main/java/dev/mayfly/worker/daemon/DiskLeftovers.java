package dev.mayfly.worker.daemon;

import dev.mayfly.worker.core.janitor.HostLeftovers;
import dev.mayfly.worker.core.janitor.JanitorPlanner.VmmProcess;
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

/** What microVMs have on this host: processes of VMMs and directories under {@code vms/}. */
record DiskLeftovers(DiskMicroVmFiles files, VmProcesses processList) implements HostLeftovers {
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
