package dev.mayfly.worker.hypervisor.qemu;

import dev.mayfly.worker.linux.SparseCopy;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.OptionalInt;

/**
 * The directory a VMM works in: inside its microVM's, and the only place where it can write. So
 * {@code vm.pid} beside it can be believed.
 */
final class VmmDirectory {
  private final Path microVm;
  private final Path path;
  private final OptionalInt user;

  private VmmDirectory(Path microVm, OptionalInt user) {
    this.microVm = microVm;
    this.path = microVm.resolve(VmProcesses.VMM_DIRECTORY);
    this.user = user;
  }

  /**
   * Makes it, mode 0700.
   *
   * @param user who owns it; empty: the worker
   */
  static VmmDirectory create(Path microVm, OptionalInt user) throws IOException {
    VmmDirectory directory = new VmmDirectory(microVm, user);
    Files.createDirectory(
        directory.path,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    directory.own(directory.path);
    return directory;
  }

  /** The one that {@link #create} made for this microVM. */
  static VmmDirectory existing(Path microVm, OptionalInt user) {
    return new VmmDirectory(microVm, user);
  }

  Path path() {
    return path;
  }

  Path agentSocket() {
    return path.resolve(QemuCommandLine.AGENT_SOCKET);
  }

  Path consoleSocket() {
    return path.resolve(QemuCommandLine.CONSOLE_SOCKET);
  }

  /** A copy that the VMM can read, of a file that it cannot. */
  Path copyIn(Path file, String name) throws IOException {
    Path copy = path.resolve(name);
    SparseCopy.copy(file, copy);
    own(copy);
    return copy;
  }

  /** Removes it and vm.pid. Idempotent. */
  void remove() throws IOException {
    if (Files.isDirectory(path)) {
      // Flat: a VMM makes no directories, and one that was taken over can make none that matter.
      try (DirectoryStream<Path> files = Files.newDirectoryStream(path)) {
        for (Path file : files) {
          Files.deleteIfExists(file);
        }
      }
    }
    Files.deleteIfExists(path);
    Files.deleteIfExists(microVm.resolve(VmProcesses.PID_FILE));
  }

  private void own(Path file) throws IOException {
    if (user.isPresent()) {
      Files.setAttribute(file, "unix:uid", user.getAsInt());
      Files.setAttribute(file, "unix:gid", user.getAsInt());
    }
  }
}
