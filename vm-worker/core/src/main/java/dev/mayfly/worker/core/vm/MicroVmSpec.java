package dev.mayfly.worker.core.vm;

import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Everything a VMM needs to start one microVM.
 *
 * @param name unique on this host, {@code [a-z0-9.-]}, at most 63 characters; shows in process
 *     lists
 * @param directory exists, empty, owned by this microVM alone; sockets go here; at most 80 bytes
 *     long, because a Unix socket path holds 107
 * @param kernel ELF with a PVH entry
 * @param initramfs cpio archive; absent: the kernel starts without
 * @param rootfs read-only disk, attached with the serial {@code root}; absent for a probe
 * @param scratch writable disk, attached with the serial {@code scratch}; absent for a probe
 * @param needsAcpi the kernel finds its virtio devices through ACPI only (the Debian cloud kernel)
 * @param kernelArguments what the kernel's command line ends with; empty: nothing
 * @param console what the guest's console is for
 * @param lifetime after this long the VMM process is killed whatever happens, even when the worker
 *     is gone
 */
public record MicroVmSpec(
    String name,
    Path directory,
    Path kernel,
    Optional<Path> initramfs,
    Optional<Path> rootfs,
    Optional<Path> scratch,
    Shape shape,
    NetworkMode network,
    boolean needsAcpi,
    String kernelArguments,
    Console console,
    Duration lifetime) {

  /** What the guest's console is for. */
  public enum Console {
    /** For the kernel's last words; the guest has an agent. */
    KERNEL,
    /** It is the output of the job; there is no agent. */
    OUTPUT
  }
}
