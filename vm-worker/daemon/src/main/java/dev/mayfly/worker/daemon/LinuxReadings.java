package dev.mayfly.worker.daemon;

import dev.mayfly.worker.daemon.config.HostFacts;
import dev.mayfly.worker.daemon.link.LinkPorts.HostReadings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this host has and has left, read anew at each call. */
record LinuxReadings(Path disk) implements HostReadings {

  @Override
  public int freeMemoryMib() {
    try {
      return clamp(dev.mayfly.worker.linux.HostFacts.availableMemoryMib());
    } catch (IOException unknown) {
      return 0;
    }
  }

  @Override
  public int freeScratchMib() {
    try {
      return clamp(dev.mayfly.worker.linux.HostFacts.freeBytes(existing(disk)) >> 20);
    } catch (IOException unknown) {
      return 0;
    }
  }

  /** What the defaults of the settings are made from. */
  static HostFacts facts(Path home) {
    long memory;
    try {
      memory = dev.mayfly.worker.linux.HostFacts.memoryMib();
    } catch (IOException unknown) {
      memory = 0;
    }
    return new HostFacts(
        hostName(),
        dev.mayfly.worker.linux.HostFacts.cpus(),
        memory,
        new LinuxReadings(home).freeScratchMib());
  }

  private static String hostName() {
    try {
      // Not InetAddress.getLocalHost(): that asks the name service, which may not know us, or
      // slowly.
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException unreadable) {
      return "worker";
    }
  }

  /** The nearest directory above that exists: the home may not have been made yet. */
  private static Path existing(Path path) {
    for (var at = path; at != null; at = at.getParent()) {
      if (Files.exists(at)) {
        return at;
      }
    }
    return Path.of("/");
  }

  private static int clamp(long mib) {
    return (int) Math.min(Integer.MAX_VALUE, Math.max(0, mib));
  }
}
