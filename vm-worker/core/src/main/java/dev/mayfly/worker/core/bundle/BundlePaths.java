package dev.mayfly.worker.core.bundle;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The files of one boot bundle on this host, and what its manifest says a job gets by default.
 *
 * @param needsAcpi the kernel finds its devices through ACPI only
 * @param environment {@code NAME=value}; a job's own come after and win
 * @param user empty: root
 * @param workingDirectory absolute; empty: none
 */
public record BundlePaths(
    String name,
    Path kernel,
    Path initramfs,
    Optional<Path> rootfs,
    String rootFileSystem,
    boolean needsAcpi,
    List<String> environment,
    String user,
    String workingDirectory) {

  public BundlePaths {
    environment = List.copyOf(environment);
  }
}
