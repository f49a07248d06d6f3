package dev.mayfly.worker.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.OptionalLong;

/** What this host is and has. Read anew at each call. */
public final class HostFacts {
  private static final Path PROC = Path.of("/proc");

  private HostFacts() {}

  /** CPUs this process may use (its cgroup and affinity counted). */
  public static int cpus() {
    return Runtime.getRuntime().availableProcessors();
  }

  /** All memory in MiB, or the limit of this process's cgroup where that is less. */
  public static long memoryMib() throws IOException {
    long total = memoryInfo(Files.readString(PROC.resolve("meminfo")), "MemTotal");
    long limit = Long.MAX_VALUE;
    for (String file :
        new String[] {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
      limit = Math.min(limit, limitBytes(Path.of(file)).orElse(Long.MAX_VALUE));
    }
    return Math.min(total, limit / 1024) / 1024;
  }

  /** Memory that can be had without swapping, in MiB. */
  public static long availableMemoryMib() throws IOException {
    return memoryInfo(Files.readString(PROC.resolve("meminfo")), "MemAvailable") / 1024;
  }

  /** Bytes that this process may still write to the file system of a path (statvfs). */
  public static long freeBytes(Path path) throws IOException {
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    // Not Files.getFileStore: it wants to know the mount point, and inside a chroot there may be
    // none.
    return path.toFile().getUsableSpace();
  }

  /** The host's kernel, as {@code uname -r}. */
  public static String kernelRelease() throws IOException {
    return Files.readString(PROC.resolve("sys/kernel/osrelease"), StandardCharsets.US_ASCII)
        .strip();
  }

  /** Differs after each boot of the host, so that a process id is not taken for an older one's. */
  public static String bootId() throws IOException {
    return Files.readString(PROC.resolve("sys/kernel/random/boot_id"), StandardCharsets.US_ASCII)
        .strip();
  }

  /** As the kernel calls it: {@code x86_64}, {@code aarch64}. */
  public static String architecture() {
    String name = System.getProperty("os.arch", "");
    return name.equals("amd64") ? "x86_64" : name;
  }

  public static boolean isRoot() {
    return LibC.load().getuid() == 0;
  }

  static long memoryInfo(String text, String name) throws IOException {
    return text.lines()
        .filter(line -> line.startsWith(name + ":"))
        .map(line -> line.substring(name.length() + 1).replace("kB", "").strip())
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElseThrow(() -> new IOException("/proc/meminfo has no " + name));
  }

  private static OptionalLong limitBytes(Path file) {
    try {
      String text = Files.readString(file).strip();
      return text.matches("\\d{1,18}")
          ? OptionalLong.of(Long.parseLong(text))
          : OptionalLong.empty();
    } catch (IOException e) {
      // No such hierarchy, so no limit from it.
      return OptionalLong.empty();
    }
  }
}
