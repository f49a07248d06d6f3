package dev.mayfly.worker.hypervisor.qemu;

import dev.mayfly.api.NetworkMode;
import dev.mayfly.worker.core.vm.MicroVmSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Says what QEMU is started with. Pure. Files come as descriptors that the launcher opened, the
 * sockets lie in the working directory; so a QEMU without any rights of its own finds all it needs.
 * Times were measured with Debian 12's QEMU 7.2 and cloud kernel.
 */
final class QemuCommandLine {
  static final String AGENT_SOCKET = "agent.sock";
  static final String CONSOLE_SOCKET = "console.sock";

  static final int KERNEL_FD = 3;
  static final int INITRAMFS_FD = 4;
  static final int ROOTFS_FD = 5;
  static final int SCRATCH_READ_FD = 6;
  static final int SCRATCH_WRITE_FD = 7;

  private static final String NAME_PREFIX = "mayfly-";

  /** QEMU up to 7 translates shared code anew for each address it is mapped at. */
  private static final int TRANSLATES_BY_ADDRESS = 7;

  /**
   * What all microVMs of this host have in common.
   *
   * @param tscKiloHertz of the host's time stamp counter, where it has one
   */
  record Host(
      String binary, QemuVersion version, Accelerator accelerator, OptionalLong tscKiloHertz) {}

  private QemuCommandLine() {}

  /** By this argument a VMM is known as ours, and which one it is. */
  static String processName(String microVm) {
    return NAME_PREFIX + microVm;
  }

  static List<String> of(Host host, MicroVmSpec spec) {
    List<String> arguments = new ArrayList<>();
    arguments.add(host.binary());
    add(arguments, "-name", processName(spec.name()));
    machine(host, spec, arguments);
    add(arguments, "-kernel", "/dev/fd/" + KERNEL_FD);
    if (spec.initramfs().isPresent()) {
      add(arguments, "-initrd", "/dev/fd/" + INITRAMFS_FD);
    }
    add(arguments, "-append", String.join(" ", kernelArguments(host, spec)));
    console(spec, arguments);
    switch (spec.console()) {
      case KERNEL -> agent(arguments);
      case OUTPUT -> {} // Nobody there.
    }
    disks(spec, arguments);
    network(spec, arguments);
    return List.copyOf(arguments);
  }

  private static void machine(Host host, MicroVmSpec spec, List<String> arguments) {
    // Without a PCI bus and legacy devices. ACPI only for kernels that cannot be told of
    // virtio-mmio devices on their command line; it costs 0.1 s and the Debian kernel has no other
    // way. The clock of the PC is kept: without it the guest waits a second for it.
    add(arguments, "-M", "microvm,acpi=" + (spec.needsAcpi() ? "on" : "off"));
    // Newer QEMUs would take SeaBIOS, which is 0.3 s slower.
    add(arguments, "-bios", "qboot.rom");
    add(arguments, "-accel", host.accelerator().word());
    add(
        arguments,
        "-cpu",
        switch (host.accelerator()) {
          case KVM -> "host";
          // Emulated "rep movsb" copies byte by byte: without erms the kernel copies words. QEMU 10
          // hangs when fsrm stays while erms goes.
          case TCG -> "max,-erms,-fsrm";
        });
    add(arguments, "-smp", Integer.toString(spec.shape().cpus()));
    add(arguments, "-m", Integer.toString(spec.shape().memoryMib()));
    // Nothing that we did not ask for: no default devices, no configuration files, no display.
    arguments.add("-nodefaults");
    arguments.add("-no-user-config");
    add(arguments, "-display", "none");
    // A guest that reboots has ended; "reboot=t panic=-1" makes a panic one of those.
    arguments.add("-no-reboot");
    // System calls that no microVM needs are forbidden to a QEMU that a guest has taken over: no
    // new processes, no new rights, no scheduling changes. Costs nothing measurable.
    add(
        arguments,
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
  }

  private static List<String> kernelArguments(Host host, MicroVmSpec spec) {
    List<String> words = new ArrayList<>();
    // Warnings and panics only: each line costs time on the serial port.
    words.add("console=ttyS0");
    words.add("quiet");
    // Triple fault, which QEMU takes as a reboot and -no-reboot as the end.
    words.add("reboot=t");
    words.add("panic=-1");
    if (host.accelerator() == Accelerator.TCG) {
      // The guest cannot measure the counter against emulated clocks when the host is loaded: 5 of
      // 6 boots hung at load 5. The emulated counter is the host's, so we say how fast it runs.
      if (host.tscKiloHertz().isPresent()) {
        words.add("tsc_early_khz=" + host.tscKiloHertz().getAsLong());
        // All virtual CPUs read the same counter, but a guest with several finds them out of step
        // and falls back to counting timer interrupts: steps of 4 ms, and lost ones under load.
        words.add("tsc=reliable");
      }
      // The test whether timer interrupts arrive fails in the same way.
      words.add("no_timer_check");
      if (!spec.needsAcpi()) {
        // Spares two busy waits of 100 ms; the PIT is as good an emulated timer. With ACPI the
        // PIT's interrupt never arrives: such a guest boots, but no sleep in it ever ends.
        words.add("nolapic_timer");
      }
      if (spec.shape().cpus() == 1) {
        // Patching locks away on a single CPU costs more emulated time than the locks.
        words.add("noreplace-smp");
      }
      if (host.version().major() <= TRANSLATES_BY_ADDRESS) {
        // Programs at the same address each time: creating processes is 6 to 9 times faster. The
        // guest is thrown away, so address randomisation protects nothing that outlives the job.
        words.add("norandmaps");
      }
    }
    if (!spec.kernelArguments().isEmpty()) {
      words.add(spec.kernelArguments());
    }
    return words;
  }

  private static void console(MicroVmSpec spec, List<String> arguments) {
    // What the kernel says when it dies. A socket, not a file: a job can write to its console for
    // ever, and what nobody reads is dropped. Where the console is the job's output, the guest
    // begins once somebody reads, and waits for a reader that is slow.
    String wait =
        switch (spec.console()) {
          case KERNEL -> "off";
          case OUTPUT -> "on";
        };
    add(
        arguments,
        "-chardev",
        "socket,id=console,path=" + CONSOLE_SOCKET + ",server=on,wait=" + wait);
    add(arguments, "-serial", "chardev:console");
  }

  private static void agent(List<String> arguments) {
    // QEMU listens, so that a worker that restarts can connect again.
    add(arguments, "-chardev", "socket,id=agent,path=" + AGENT_SOCKET + ",server=on,wait=off");
    add(arguments, "-device", "virtio-serial-device");
    add(arguments, "-device", "virtserialport,chardev=agent,name=dev.mayfly.agent.0");
  }

  private static void disks(MicroVmSpec spec, List<String> arguments) {
    if (spec.rootfs().isPresent()) {
      add(arguments, "-add-fd", "fd=" + ROOTFS_FD + ",set=1");
      disk(arguments, "root", "file=/dev/fdset/1,format=raw,readonly=on");
    }
    if (spec.scratch().isPresent()) {
      // QEMU opens a disk for reading first and for writing once a device wants to.
      add(arguments, "-add-fd", "fd=" + SCRATCH_READ_FD + ",set=2");
      add(arguments, "-add-fd", "fd=" + SCRATCH_WRITE_FD + ",set=2");
      // Scratch never outlives the microVM, so no flush of the guest needs to reach the host's
      // disk. What the guest discards is given back to the host at once.
      disk(arguments, "scratch", "file=/dev/fdset/2,format=raw,cache=unsafe,discard=unmap");
    }
  }

  private static void disk(List<String> arguments, String serial, String options) {
    add(arguments, "-drive", "if=none,id=" + serial + "," + options);
    add(arguments, "-device", "virtio-blk-device,drive=" + serial + ",serial=" + serial);
  }

  private static void network(MicroVmSpec spec, List<String> arguments) {
    if (spec.network() == NetworkMode.USER) {
      // NAT inside QEMU: no rights needed on the host. No IPv6, because SETUP gives the guest none
      // and a router that announces it would make each connection try it first.
      add(arguments, "-netdev", "user,id=net,ipv6=off");
      add(arguments, "-device", "virtio-net-device,netdev=net");
    }
  }

  private static void add(List<String> arguments, String option, String value) {
    arguments.add(option);
    arguments.add(value);
  }
}
