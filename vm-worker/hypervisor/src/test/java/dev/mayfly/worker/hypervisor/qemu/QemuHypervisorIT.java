package dev.mayfly.worker.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.guest.GuestChannel;
import dev.mayfly.worker.core.vm.HypervisorException;
import dev.mayfly.worker.core.vm.MicroVmSpec;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import dev.mayfly.worker.core.vm.VmmIdentity;
import dev.mayfly.worker.linux.HostFacts;
import dev.mayfly.worker.linux.ProcessIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The life of real QEMU processes, with a kernel that does nothing. */
@Timeout(120)
class QemuHypervisorIT {
  private static final Duration SOON = Duration.ofSeconds(30);
  private static QemuHypervisor hypervisor;

  /** Not JUnit's: its path is too long for a socket, and must look like a worker's. */
  private Path vms;

  private Path bundle;
  private final VmProcesses processes = new VmProcesses();

  @BeforeAll
  static void findQemu() throws Exception {
    hypervisor = QemuHypervisor.create("qemu-system-x86_64", Accelerator.TCG);
  }

  @BeforeEach
  void makeDirectories() throws IOException {
    vms = Files.createTempDirectory("vms");
    bundle = Files.createTempDirectory("bundle");
    IdleKernel.write(bundle.resolve("vmlinux"));
    Files.write(bundle.resolve("initramfs"), new byte[512]);
    for (String disk : List.of("rootfs", "scratch")) {
      try (FileChannel out =
          FileChannel.open(
              bundle.resolve(disk), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        out.write(ByteBuffer.allocate(4096), 1 << 20);
      }
    }
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    assertThat(processes.findAll(vms)).isEmpty();
    for (Path directory : List.of(vms, bundle)) {
      try (Stream<Path> all = Files.walk(directory)) {
        for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  private MicroVmSpec spec(String name, Duration lifetime) throws IOException {
    return new MicroVmSpec(
        name,
        Files.createDirectory(vms.resolve(name)),
        bundle.resolve("vmlinux"),
        Optional.of(bundle.resolve("initramfs")),
        Optional.of(bundle.resolve("rootfs")),
        Optional.of(bundle.resolve("scratch")),
        new Shape(1, 128, 64),
        NetworkMode.USER,
        true,
        "",
        MicroVmSpec.Console.KERNEL,
        lifetime);
  }

  private static String status(long pid, String field) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
        .filter(line -> line.startsWith(field + ":"))
        .map(line -> line.substring(field.length() + 1).strip())
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aVmmHasNoRightsAndIsGoneWhenItIsDestroyed() throws Exception {
    MicroVmSpec spec = spec("rights", Duration.ofMinutes(1));
    RunningMicroVm microVm = hypervisor.boot(spec);
    microVm.connect(SOON).close();
    long pid = microVm.pid();
    // The sandbox comes last in QEMU's start; a thread that runs the guest has it for sure.
    while (status(pid, "Seccomp").equals("0")) {
      assertThat(microVm.exited()).isNotDone();
      Thread.onSpinWait();
    }
    assertThat(status(pid, "NoNewPrivs")).isEqualTo("1");
    assertThat(status(pid, "CapEff")).isEqualTo("0000000000000000");
    if (HostFacts.isRoot()) {
      assertThat(status(pid, "Uid")).startsWith("19");
    }
    assertThat(Files.readString(Path.of("/proc/" + pid + "/environ"))).doesNotContain("HOME=");
    assertThat(spec.directory().resolve(VmProcesses.PID_FILE)).isRegularFile();
    assertThat(processes.findAll(vms))
        .extracting(VmProcesses.Found::name, VmProcesses.Found::directory)
        .containsExactly(org.assertj.core.groups.Tuple.tuple("rights", spec.directory()));

    microVm.destroy();
    microVm.destroy();
    assertThat(microVm.exited()).isDone();
    assertThat(ProcessIdentity.of(pid)).isEmpty();
    assertThat(spec.directory()).isEmptyDirectory();
  }

  @Test
  void theChannelCanBeConnectedAgain() throws Exception {
    RunningMicroVm microVm = hypervisor.boot(spec("again", Duration.ofMinutes(1)));
    try {
      for (int i = 0; i < 3; i++) {
        try (GuestChannel channel = microVm.connect(SOON)) {
          channel.write(ByteBuffer.allocate(10));
        }
      }
    } finally {
      microVm.destroy();
    }
    assertThatThrownBy(() -> microVm.connect(SOON))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("ended with code 137");
  }

  @Test
  void anAdoptedVmmIsWatchedAndDestroyedAsOneOfOurOwn() throws Exception {
    MicroVmSpec spec = spec("adopted", Duration.ofMinutes(1));
    RunningMicroVm microVm = hypervisor.boot(spec);
    RunningMicroVm adopted = hypervisor.adopt(spec.name(), spec.directory(), microVm.identity());
    assertThat(adopted.identity()).isEqualTo(microVm.identity());
    adopted.connect(SOON).close();
    assertThat(adopted.exited()).isNotDone();
    VmmIdentity other = new VmmIdentity(microVm.pid(), microVm.identity().startTicks() - 1);
    assertThatThrownBy(() -> hypervisor.adopt(spec.name(), spec.directory(), other))
        .isInstanceOf(HypervisorException.class);
    assertThatThrownBy(() -> hypervisor.adopt("another", spec.directory(), microVm.identity()))
        .isInstanceOf(HypervisorException.class);

    adopted.destroy();
    adopted.destroy();
    assertThat(adopted.exited()).isCompletedWithValue(RunningMicroVm.UNKNOWN_EXIT);
    assertThat(microVm.exited().get(30, TimeUnit.SECONDS)).isEqualTo(137);
    assertThat(spec.directory()).isEmptyDirectory();
    assertThatThrownBy(() -> adopted.connect(SOON)).hasMessage("the VMM ended");
  }

  /** A worker's kill -9 breaks the pipe; a terminal's signals go to its session. */
  @Test
  void aVmmIsNotInTheWorkersSessionAndOutlivesItsMessagesReader() throws Exception {
    RunningMicroVm microVm = hypervisor.boot(spec("detached", Duration.ofMinutes(1)));
    microVm.connect(SOON).close();
    long sigpipe = 1L << 12;
    assertThat(Long.parseUnsignedLong(status(microVm.pid(), "SigIgn"), 16) & sigpipe)
        .isEqualTo(sigpipe);
    assertThat(session(microVm.pid())).isNotEqualTo(session(ProcessHandle.current().pid()));
    microVm.destroy();
  }

  private static String session(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    return stat.substring(stat.lastIndexOf(')') + 2).split(" ")[3];
  }

  @Test
  void aLifeThatIsOverEndsByItself() throws Exception {
    MicroVmSpec spec = spec("short", Duration.ofSeconds(1));
    RunningMicroVm microVm = hypervisor.boot(spec);
    assertThat(microVm.exited().get(30, TimeUnit.SECONDS)).isEqualTo(137);
    microVm.destroy();
    assertThat(spec.directory()).isEmptyDirectory();
  }

  @Test
  void aVmmDiesWithWhatLimitsItsLife() throws Exception {
    RunningMicroVm microVm = hypervisor.boot(spec("orphan", Duration.ofMinutes(1)));
    ProcessIdentity vmm = ProcessIdentity.of(microVm.pid()).orElseThrow();
    ProcessHandle supervisor = ProcessHandle.of(microVm.pid()).orElseThrow().parent().orElseThrow();
    supervisor.destroyForcibly();
    long deadline = System.nanoTime() + SOON.toNanos();
    while (vmm.isAlive()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.onSpinWait();
    }
    microVm.destroy();
  }

  @Test
  void aJanitorFindsAndKillsAlsoWithoutThePidFile() throws Exception {
    MicroVmSpec spec = spec("lost", Duration.ofMinutes(1));
    RunningMicroVm microVm = hypervisor.boot(spec);
    Files.delete(spec.directory().resolve(VmProcesses.PID_FILE));

    List<VmProcesses.Found> found = processes.findAll(vms);
    assertThat(found).hasSize(1);
    assertThat(found.getFirst().directory()).isEqualTo(spec.directory());
    assertThat(processes.kill(found.getFirst())).isTrue();
    assertThat(microVm.exited().get(30, TimeUnit.SECONDS)).isEqualTo(137);
    assertThat(processes.kill(found.getFirst())).isFalse();
    microVm.destroy();
  }

  @Test
  void aPidFileThatNamesAnotherProcessIsNotBelieved() throws Exception {
    Path directory = Files.createDirectory(vms.resolve("forged"));
    VmProcesses.write(directory, ProcessIdentity.of(ProcessHandle.current().pid()).orElseThrow());
    assertThat(processes.findAll(vms)).isEmpty();
  }

  @Test
  void aKernelThatIsNoneIsToldInQemusWords() throws Exception {
    Files.write(bundle.resolve("vmlinux"), new byte[100_000]);
    MicroVmSpec spec = spec("bad", Duration.ofMinutes(1));
    assertThatThrownBy(
            () -> {
              RunningMicroVm microVm = hypervisor.boot(spec);
              try {
                microVm.exited().get(30, TimeUnit.SECONDS);
                microVm.connect(SOON);
              } finally {
                microVm.destroy();
              }
            })
        .hasMessageContaining("kernel");
    assertThat(spec.directory()).isEmptyDirectory();
  }

  @Test
  void filesThatOnlyTheWorkerMayReadAreHandedOver() throws Exception {
    for (String file : List.of("vmlinux", "initramfs", "rootfs", "scratch")) {
      Files.setPosixFilePermissions(
          bundle.resolve(file), PosixFilePermissions.fromString("rw-------"));
    }
    MicroVmSpec spec = spec("private", Duration.ofMinutes(1));
    RunningMicroVm microVm = hypervisor.boot(spec);
    microVm.connect(SOON).close();
    assertThat(microVm.exited()).isNotDone();
    microVm.destroy();
    assertThat(spec.directory()).isEmptyDirectory();
  }

  @Test
  void aMissingFileIsRefusedAndNothingIsMade() throws Exception {
    Files.delete(bundle.resolve("scratch"));
    MicroVmSpec spec = spec("missing", Duration.ofMinutes(1));
    assertThatThrownBy(() -> hypervisor.boot(spec))
        .isInstanceOf(HypervisorException.class)
        .hasMessageContaining("scratch");
    assertThat(spec.directory()).isEmptyDirectory();
    assertThat(bundle.resolve("scratch")).doesNotExist();
    Files.createFile(bundle.resolve("scratch"));
  }
}
