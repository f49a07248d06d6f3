package dev.mayfly.it.fleet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What the workers of a deployment hold on this host, as the kernel and the disk say. */
public final class HostResources {

  /** Of a worker's state directory: what belongs to attempts, and must be empty when none is. */
  private static final List<String> PER_ATTEMPT =
      List.of("worker/vms", "worker/spool", "worker/journal");

  private final Path directory;

  public HostResources(Path directory) {
    this.directory = directory;
  }

  /** Process ids of VMMs, real or loopback, of all workers. */
  public List<Long> vmms() throws IOException {
    List<Long> found = new ArrayList<>();
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      for (Path process :
          processes.filter(path -> path.getFileName().toString().matches("\\d+")).toList()) {
        try {
          if (Files.readSymbolicLink(process.resolve("cwd")).startsWith(directory)
              && isVmm(Files.readString(process.resolve("cmdline")))) {
            found.add(Long.parseLong(process.getFileName().toString()));
          }
        } catch (IOException gone) {
          // It ended while we looked.
        }
      }
    }
    return found;
  }

  private static boolean isVmm(String commandLine) {
    return commandLine.startsWith("qemu-system")
        || commandLine.contains("/qemu-system")
        || (commandLine.contains("loopback-vmm") && commandLine.contains("-name"))
        || commandLine.contains("loopback-agent");
  }

  /** Everything of attempts that is there now; empty when nothing outlived its microVM. */
  public List<String> left(List<Path> workerHomes) throws IOException {
    List<String> left = new ArrayList<>();
    vmms().forEach(pid -> left.add("process " + pid));
    for (Path home : workerHomes) {
      for (String place : PER_ATTEMPT) {
        Path path = home.resolve(place);
        if (Files.isDirectory(path)) {
          try (Stream<Path> entries = Files.list(path)) {
            entries.forEach(entry -> left.add(entry.toString()));
          }
        }
      }
    }
    return left;
  }
}
