package dev.mayfly.worker.hypervisor.qemu;

import dev.mayfly.worker.core.vm.HypervisorException;
import dev.mayfly.worker.core.vm.MicroVmSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;

/**
 * What stands between a QEMU and the host. From outside to inside: {@code setsid} keeps signals of
 * the worker's terminal and process group away; {@code timeout} kills it when its life is over,
 * whatever happened to the worker; {@code sh} opens the files; {@code setpriv} takes every right
 * away and ties its life to timeout's. Costs 3 ms and 0.2 MiB per microVM.
 */
final class Confinement {
  /**
   * User ids for VMMs start here when the worker is root: outside of what Debian, systemd and
   * subuid ranges give to anybody, and below 2^31.
   */
  private static final int FIRST_USER = 1_900_000_000;

  private static final int USERS = 100_000_000;

  /** Starting three small programs; a loaded host may take a second. */
  private static final int TRIAL_SECONDS = 20;

  /** How much is taken away; the first that this host allows is used. */
  enum Level {
    /** An unprivileged user of its own per microVM, without capabilities. Only root can do that. */
    OWN_USER,
    /** The worker's user, root as a rule, but without capabilities. */
    NO_CAPABILITIES,
    /** The worker's user, unable to get more rights. */
    NO_NEW_RIGHTS
  }

  private final Level level;

  Confinement(Level level) {
    this.level = level;
  }

  /**
   * Tries what this host allows.
   *
   * @param strongest more is not tried
   * @throws HypervisorException when not even the least works
   */
  static Confinement find(Level strongest) throws HypervisorException, InterruptedException {
    for (Level level : Level.values()) {
      Confinement confinement = new Confinement(level);
      if (level.compareTo(strongest) >= 0 && works(confinement)) {
        return confinement;
      }
    }
    throw new HypervisorException(
        "setsid, timeout, sh and setpriv could not start a program; the Debian packages coreutils, dash"
            + " and util-linux have them");
  }

  Level level() {
    return level;
  }

  /** The user a microVM's VMM runs as; empty: the worker's. */
  OptionalInt user(String microVm) {
    if (level != Level.OWN_USER) {
      return OptionalInt.empty();
    }
    CRC32 hash = new CRC32();
    hash.update(microVm.getBytes(StandardCharsets.UTF_8));
    return OptionalInt.of(FIRST_USER + (int) (hash.getValue() % USERS));
  }

  /**
   * The whole command.
   *
   * @param groups that the VMM needs, for the KVM device
   */
  List<String> wrap(MicroVmSpec spec, OptionalInt groups, List<String> command) {
    List<Path> files = new ArrayList<>(List.of(spec.kernel()));
    // A crash leaves no copy of the guest's memory, which may hold secrets.
    StringBuilder script = new StringBuilder("ulimit -c 0; exec");
    script.append(" ").append(QemuCommandLine.KERNEL_FD).append("<\"$1\"");
    spec.initramfs()
        .ifPresent(initramfs -> {
          files.add(initramfs);
          script.append(" ").append(QemuCommandLine.INITRAMFS_FD).append("<\"$2\"");
        });
    spec.rootfs()
        .ifPresent(rootfs -> {
          files.add(rootfs);
          script.append(" ").append(QemuCommandLine.ROOTFS_FD).append("<\"$");
          script.append(files.size()).append("\"");
        });
    spec.scratch()
        .ifPresent(scratch -> {
          files.add(scratch);
          String file = "\"$" + files.size() + "\"";
          script.append(" ").append(QemuCommandLine.SCRATCH_READ_FD).append("<").append(file);
          script.append(" ").append(QemuCommandLine.SCRATCH_WRITE_FD).append("<>").append(file);
        });
    script.append("; shift ").append(files.size()).append("; exec \"$@\"");
    List<String> whole = new ArrayList<>();
    // SIGKILL, because a QEMU that a guest has taken over may ignore anything else.
    // Nor would a guest that asks for no time at all get all of it, as 0 means to timeout.
    long seconds = Math.max(1, spec.lifetime().toSeconds());
    whole.addAll(List.of("setsid", "timeout", "-s", "KILL", seconds + "s"));
    whole.addAll(List.of("sh", "-c", script.toString(), "sh"));
    files.forEach(file -> whole.add(file.toAbsolutePath().toString()));
    whole.addAll(privileges(spec.name(), groups));
    whole.addAll(command);
    return List.copyOf(whole);
  }

  private List<String> privileges(String microVm, OptionalInt group) {
    List<String> words = new ArrayList<>(List.of("setpriv"));
    OptionalInt user = user(microVm);
    if (user.isPresent()) {
      words.addAll(List.of("--reuid", "" + user.getAsInt(), "--regid", "" + user.getAsInt()));
      if (group.isPresent()) {
        words.addAll(List.of("--groups", "" + group.getAsInt()));
      } else {
        words.add("--clear-groups");
      }
    }
    if (level != Level.NO_NEW_RIGHTS) {
      words.add("--bounding-set=-all");
    }
    // No set-user-id program gives it rights; and when timeout dies in any way, so does it.
    words.addAll(List.of("--no-new-privs", "--inh-caps=-all", "--pdeathsig", "KILL"));
    return words;
  }

  /** Whether the VMM's user may read a file whose path it may not walk. */
  boolean canRead(Path file) throws HypervisorException {
    if (level != Level.OWN_USER) {
      return true;
    }
    try {
      return Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ);
    } catch (IOException e) {
      throw new HypervisorException(file + " cannot be read", e);
    }
  }

  private static boolean works(Confinement confinement) throws InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("setsid", "timeout", "-s", "KILL", "20s", "sh", "-c"));
    command.addAll(List.of("exec \"$@\"", "sh"));
    command.addAll(confinement.privileges("trial", OptionalInt.empty()));
    command.add("true");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor(TRIAL_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
