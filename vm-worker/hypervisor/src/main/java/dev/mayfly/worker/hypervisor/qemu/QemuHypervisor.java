package dev.mayfly.worker.hypervisor.qemu;

import dev.mayfly.worker.core.vm.Hypervisor;
import dev.mayfly.worker.core.vm.HypervisorException;
import dev.mayfly.worker.core.vm.MicroVmSpec;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import dev.mayfly.worker.core.vm.VmmIdentity;
import dev.mayfly.worker.linux.KvmDevice;
import dev.mayfly.worker.linux.ProcessGroup;
import dev.mayfly.worker.linux.ProcessIdentity;
import dev.mayfly.worker.linux.TscFrequency;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** QEMU's microvm machine, with KVM or in emulation. Thread-safe. */
public final class QemuHypervisor implements Hypervisor {
  private static final Logger LOG = LoggerFactory.getLogger(QemuHypervisor.class);

  private static final Pattern NAME = Pattern.compile("[a-z0-9.-]{1,63}");

  /** With our longest socket's name the path still fits in the 107 bytes of a Unix socket. */
  private static final int MAX_DIRECTORY_BYTES = 80;

  private static final int GROUP_READ_WRITE = 060;
  private static final int OTHERS_READ_WRITE = 06;

  /** The port's promise on diagnostics. */
  private static final int MESSAGE_CHARACTERS = 2000;

  /** Three small programs start one another; milliseconds, but seconds on a loaded host. */
  private static final Duration START = Duration.ofSeconds(20);

  private final QemuCommandLine.Host host;
  private final Confinement confinement;

  /** May use the KVM device. */
  private final OptionalInt kvmGroup;

  private QemuHypervisor(QemuCommandLine.Host host, Confinement confinement, OptionalInt kvmGroup) {
    this.host = host;
    this.confinement = confinement;
    this.kvmGroup = kvmGroup;
  }

  /**
   * Looks at QEMU and at what this host allows; takes about 0.2 s.
   *
   * @param binary a path, or a name on the PATH
   * @throws HypervisorException when QEMU is missing, too old, or nothing can be started
   */
  public static QemuHypervisor create(String binary, Accelerator accelerator)
      throws HypervisorException, InterruptedException {
    QemuVersion version = QemuVersion.of(binary);
    OptionalLong kiloHertz = OptionalLong.empty();
    if (accelerator == Accelerator.TCG) {
      Optional<TscFrequency> tsc = TscFrequency.find();
      kiloHertz = tsc.stream().mapToLong(TscFrequency::kiloHertz).findFirst();
      LOG.atInfo()
          .addKeyValue("kHz", tsc.map(TscFrequency::kiloHertz).orElse(0L))
          .addKeyValue("source", tsc.map(found -> found.source().name()).orElse("none"))
          .log("TSC rate was found");
    }
    OptionalInt group = OptionalInt.empty();
    Confinement.Level strongest = Confinement.Level.OWN_USER;
    if (accelerator == Accelerator.KVM) {
      int mode = kvmAttribute("unix:mode");
      if ((mode & GROUP_READ_WRITE) == GROUP_READ_WRITE) {
        group = OptionalInt.of(kvmAttribute("unix:gid"));
      } else if ((mode & OTHERS_READ_WRITE) != OTHERS_READ_WRITE) {
        // Nobody but its owner may use the device, so the VMM must stay its owner.
        strongest = Confinement.Level.NO_CAPABILITIES;
      }
    }
    Confinement confinement = Confinement.find(strongest);
    LOG.atInfo()
        .addKeyValue("qemu", version.text())
        .addKeyValue("accelerator", accelerator.word())
        .addKeyValue("confinement", confinement.level())
        .log("QEMU was found");
    return new QemuHypervisor(
        new QemuCommandLine.Host(binary, version, accelerator, kiloHertz), confinement, group);
  }

  @Override
  public Identity identity() {
    return new Identity("qemu", host.version().text(), host.accelerator().word());
  }

  @Override
  public RunningMicroVm boot(MicroVmSpec spec) throws HypervisorException, InterruptedException {
    check(spec);
    VmmDirectory directory;
    try {
      directory = VmmDirectory.create(spec.directory(), confinement.user(spec.name()));
    } catch (IOException e) {
      throw new HypervisorException("the VMM's directory could not be made", e);
    }
    @Nullable Process supervisor = null;
    boolean booted = false;
    try {
      BoundedText messages = new BoundedText(MESSAGE_CHARACTERS);
      supervisor = start(readable(spec, directory), directory);
      drain(supervisor, spec, messages);
      ProcessIdentity vmm = awaitVmm(supervisor, spec, messages);
      VmProcesses.write(spec.directory(), vmm);
      QemuMicroVm microVm =
          new QemuMicroVm(spec.name(), directory, VmmProcess.Started.of(vmm, supervisor), messages);
      switch (spec.console()) {
        case KERNEL -> microVm.listenToConsole();
        case OUTPUT -> {} // Whoever wants the output connects, and the guest waits for that.
      }
      booted = true;
      return microVm;
    } catch (IOException e) {
      throw new HypervisorException("QEMU could not be started: " + e.getMessage(), e);
    } finally {
      if (!booted) {
        undo(supervisor, directory);
      }
    }
  }

  @Override
  public RunningMicroVm adopt(String name, Path directory, VmmIdentity vmm)
      throws HypervisorException {
    ProcessIdentity process = new ProcessIdentity(vmm.pid(), vmm.startTicks());
    if (!process.isAlive() || !VmProcesses.nameOf(vmm.pid()).equals(Optional.of(name))) {
      throw new HypervisorException("the VMM of " + name + " does not run any more");
    }
    QemuMicroVm microVm =
        new QemuMicroVm(
            name,
            VmmDirectory.existing(directory, confinement.user(name)),
            VmmProcess.Adopted.of(process, name),
            new BoundedText(MESSAGE_CHARACTERS));
    if (Files.exists(
        directory.resolve(VmProcesses.VMM_DIRECTORY).resolve(QemuCommandLine.AGENT_SOCKET))) {
      // Without an agent the console is for the job, which connects by itself.
      microVm.listenToConsole();
    }
    return microVm;
  }

  private Process start(MicroVmSpec spec, VmmDirectory directory) throws IOException {
    List<String> command = QemuCommandLine.of(host, spec);
    ProcessBuilder builder =
        new ProcessBuilder(confinement.wrap(spec, kvmGroup, command))
            .directory(directory.path().toFile())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectErrorStream(true);
    // Nothing of the worker's environment, which may hold secrets, reaches the VMM.
    Map<String, String> environment = builder.environment();
    String path = environment.getOrDefault("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    environment.clear();
    environment.put("PATH", path);
    environment.put("LC_ALL", "C");
    return builder.start();
  }

  /** Copies what the VMM's user may not read: files are passed open, but two are opened again. */
  private MicroVmSpec readable(MicroVmSpec spec, VmmDirectory directory)
      throws IOException, HypervisorException {
    Path kernel = spec.kernel();
    Optional<Path> initramfs = spec.initramfs();
    if (initramfs.isPresent() && !confinement.canRead(initramfs.get())) {
      initramfs = Optional.of(directory.copyIn(initramfs.get(), "initramfs"));
    }
    return new MicroVmSpec(
        spec.name(),
        spec.directory(),
        confinement.canRead(kernel) ? kernel : directory.copyIn(kernel, "kernel"),
        initramfs,
        spec.rootfs(),
        spec.scratch(),
        spec.shape(),
        spec.network(),
        spec.needsAcpi(),
        spec.kernelArguments(),
        spec.console(),
        spec.lifetime());
  }

  private static void drain(Process supervisor, MicroVmSpec spec, BoundedText messages) {
    Thread.ofVirtual()
        .name("vmm-" + spec.name())
        .start(() -> messages.drain(supervisor.getInputStream()));
  }

  /** Waits until the last program of the chain is QEMU itself. */
  private static ProcessIdentity awaitVmm(
      Process supervisor, MicroVmSpec spec, BoundedText messages)
      throws HypervisorException, InterruptedException {
    long deadline = System.nanoTime() + START.toNanos();
    while (System.nanoTime() < deadline) {
      Optional<ProcessIdentity> vmm =
          supervisor
              .children()
              .map(ProcessHandle::pid)
              .filter(pid -> VmProcesses.nameOf(pid).equals(Optional.of(spec.name())))
              .findFirst()
              .flatMap(ProcessIdentity::of);
      if (vmm.isPresent()) {
        return vmm.get();
      }
      if (supervisor.waitFor(1, TimeUnit.MILLISECONDS)) {
        throw new HypervisorException(
            "QEMU ended at once with code " + supervisor.exitValue() + ": " + messages);
      }
    }
    throw new HypervisorException("QEMU did not start within " + START.toSeconds() + " s");
  }

  private static void undo(@Nullable Process supervisor, VmmDirectory directory) {
    if (supervisor != null) {
      ProcessGroup.kill(supervisor.pid());
      supervisor.destroyForcibly();
    }
    try {
      directory.remove();
    } catch (IOException e) {
      LOG.atWarn().setCause(e).log("VMM directory was not removed");
    }
  }

  private static int kvmAttribute(String attribute) throws HypervisorException {
    try {
      return (Integer) Files.getAttribute(KvmDevice.PATH, attribute);
    } catch (IOException e) {
      throw new HypervisorException("there is no KVM device " + KvmDevice.PATH, e);
    }
  }

  private static void check(MicroVmSpec spec) throws HypervisorException {
    if (!NAME.matcher(spec.name()).matches()) {
      throw new HypervisorException("a microVM cannot be called " + spec.name());
    }
    if (spec.directory().toString().getBytes(StandardCharsets.UTF_8).length > MAX_DIRECTORY_BYTES) {
      throw new HypervisorException(
          "the directory's path is longer than " + MAX_DIRECTORY_BYTES + " bytes");
    }
    for (Path file :
        Stream.of(Optional.of(spec.kernel()), spec.initramfs(), spec.rootfs())
            .flatMap(Optional::stream)
            .toList()) {
      if (!Files.isReadable(file)) {
        throw new HypervisorException(file + " cannot be read");
      }
    }
    if (spec.scratch().isPresent() && !Files.isWritable(spec.scratch().get())) {
      // The shell would make it.
      throw new HypervisorException(spec.scratch().get() + " cannot be written");
    }
  }
}
