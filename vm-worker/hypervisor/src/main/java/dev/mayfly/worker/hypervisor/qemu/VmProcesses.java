package dev.mayfly.worker.hypervisor.qemu;

import dev.mayfly.worker.linux.ProcessIdentity;
import dev.mayfly.worker.linux.SystemCallException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds and kills the VMMs of a directory of microVMs, also those of a worker that died. Stateless.
 *
 * <p>A VMM is found by the file {@value #PID_FILE} in its microVM's directory, and, should the
 * worker have died before it wrote that, by its working directory. The file alone is never
 * believed: the process must have started at the time it says and be called as our VMMs are.
 */
public final class VmProcesses {
  static final String PID_FILE = "vm.pid";

  /** Working directory of the VMM inside the microVM's; the only one it can write to. */
  static final String VMM_DIRECTORY = "vmm";

  private static final Pattern PID_LINE = Pattern.compile("(\\d{1,10}) (\\d{1,19})\n");
  private static final int MAX_PID_FILE_BYTES = 64;

  /** More than any command line of ours. */
  private static final int MAX_COMMAND_LINE_BYTES = 65536;

  /**
   * A VMM that runs.
   *
   * @param name of its microVM
   * @param directory of its microVM
   */
  public record Found(String name, Path directory, ProcessIdentity process) {}

  /**
   * All VMMs that run for microVMs in this directory; a microVM's name is what its VMM says.
   *
   * @param vmsDirectory holds one directory per microVM; need not exist
   */
  public List<Found> findAll(Path vmsDirectory) throws IOException {
    List<Found> found = new ArrayList<>();
    Set<Long> pids = new HashSet<>();
    Path root = vmsDirectory.toAbsolutePath().normalize();
    if (Files.isDirectory(root)) {
      try (DirectoryStream<Path> directories = Files.newDirectoryStream(root)) {
        for (Path directory : directories) {
          read(directory)
              .flatMap(process -> identify(process, directory))
              .filter(vm -> pids.add(vm.process().pid()))
              .ifPresent(found::add);
        }
      }
    }
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        byWorkingDirectory(process, root)
            .filter(vm -> pids.add(vm.process().pid()))
            .ifPresent(found::add);
      }
    }
    return List.copyOf(found);
  }

  /**
   * Kills exactly this process; what wraps it ends with it.
   *
   * @return false when it was gone already
   */
  public boolean kill(Found vm) throws SystemCallException {
    return vm.process().kill();
  }

  static void write(Path directory, ProcessIdentity process) throws IOException {
    Files.writeString(
        directory.resolve(PID_FILE),
        process.pid() + " " + process.startTicks() + "\n",
        StandardOpenOption.CREATE_NEW,
        StandardOpenOption.WRITE);
  }

  /** What vm.pid says, be it true or not. */
  static Optional<ProcessIdentity> read(Path directory) {
    try (var in = Files.newInputStream(directory.resolve(PID_FILE))) {
      String text = new String(in.readNBytes(MAX_PID_FILE_BYTES), StandardCharsets.US_ASCII);
      Matcher line = PID_LINE.matcher(text);
      return line.matches()
          ? Optional.of(
              new ProcessIdentity(Long.parseLong(line.group(1)), Long.parseLong(line.group(2))))
          : Optional.empty();
    } catch (IOException | NumberFormatException e) {
      // No microVM runs here, or its worker died while it wrote; the process list knows more.
      return Optional.empty();
    }
  }

  private static Optional<Found> identify(ProcessIdentity process, Path directory) {
    if (!process.isAlive()) {
      return Optional.empty();
    }
    return nameOf(process.pid()).map(name -> new Found(name, directory, process));
  }

  private static Optional<Found> byWorkingDirectory(Path process, Path root) {
    long pid = Long.parseLong(process.getFileName().toString());
    Optional<String> name = nameOf(pid);
    if (name.isEmpty()) {
      return Optional.empty();
    }
    try {
      Path working = Files.readSymbolicLink(process.resolve("cwd"));
      // The kernel marks a directory that was removed.
      String text = working.toString().replace(" (deleted)", "");
      Path directory = Path.of(text).getParent();
      if (directory == null || !root.equals(directory.getParent())) {
        return Optional.empty();
      }
      return ProcessIdentity.of(pid)
          .map(identity -> new Found(name.orElseThrow(), directory, identity));
    } catch (IOException e) {
      // Gone, or of another user and thus not ours.
      return Optional.empty();
    }
  }

  private static Optional<String> nameAt(int index, String[] arguments) {
    String prefix = QemuCommandLine.processName("");
    return arguments.length > index + 1
            && arguments[index].equals("-name")
            && arguments[index + 1].startsWith(prefix)
        ? Optional.of(arguments[index + 1].substring(prefix.length()))
        : Optional.empty();
  }

  /** The microVM a process is the VMM of; the programs that start a VMM do not count. */
  static Optional<String> nameOf(long pid) {
    try (var in = Files.newInputStream(Path.of("/proc/" + pid + "/cmdline"))) {
      String[] arguments =
          new String(in.readNBytes(MAX_COMMAND_LINE_BYTES), StandardCharsets.UTF_8).split("\0");
      // The name is our first argument to QEMU; behind timeout, sh or setpriv it comes later, but
      // one word later also where QEMU is a script and its interpreter comes first.
      return nameAt(1, arguments).or(() -> nameAt(2, arguments));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
