package dev.mayfly.worker.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.vm.MicroVmSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class QemuCommandLineTest {
  private static final QemuVersion SEVEN = new QemuVersion(7, 2, "7.2.22");
  private static final QemuVersion TEN = new QemuVersion(10, 0, "10.0.2");

  private static QemuCommandLine.Host host(Accelerator accelerator, QemuVersion version) {
    return new QemuCommandLine.Host(
        "qemu-system-x86_64", version, accelerator, OptionalLong.of(2_600_000));
  }

  static MicroVmSpec spec(int cpus, NetworkMode network, boolean needsAcpi, boolean disks) {
    return new MicroVmSpec(
        "job-1",
        Path.of("/vms/job-1"),
        Path.of("/b/vmlinux"),
        Optional.of(Path.of("/b/initramfs")),
        disks ? Optional.of(Path.of("/b/root")) : Optional.empty(),
        disks ? Optional.of(Path.of("/vms/job-1/scratch")) : Optional.empty(),
        new Shape(cpus, 512, 1024),
        network,
        needsAcpi,
        "",
        MicroVmSpec.Console.KERNEL,
        Duration.ofMinutes(90));
  }

  private static String line(QemuCommandLine.Host host, MicroVmSpec spec) {
    return String.join(" ", QemuCommandLine.of(host, spec));
  }

  @Test
  void theWholeLineForTheStockKernelInEmulation() {
    assertThat(line(host(Accelerator.TCG, SEVEN), spec(1, NetworkMode.USER, true, true)))
        .isEqualTo(
            "qemu-system-x86_64 -name mayfly-job-1 -M microvm,acpi=on -bios qboot.rom"
                + " -accel tcg -cpu max,-erms,-fsrm -smp 1 -m 512"
                + " -nodefaults -no-user-config -display none -no-reboot"
                + " -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
                + " -kernel /dev/fd/3 -initrd /dev/fd/4"
                + " -append console=ttyS0 quiet reboot=t panic=-1 tsc_early_khz=2600000"
                + " tsc=reliable no_timer_check noreplace-smp norandmaps"
                + " -chardev socket,id=console,path=console.sock,server=on,wait=off"
                + " -serial chardev:console"
                + " -chardev socket,id=agent,path=agent.sock,server=on,wait=off"
                + " -device virtio-serial-device"
                + " -device virtserialport,chardev=agent,name=dev.mayfly.agent.0"
                + " -add-fd fd=5,set=1"
                + " -drive if=none,id=root,file=/dev/fdset/1,format=raw,readonly=on"
                + " -device virtio-blk-device,drive=root,serial=root"
                + " -add-fd fd=6,set=2 -add-fd fd=7,set=2"
                + " -drive if=none,id=scratch,file=/dev/fdset/2,format=raw,cache=unsafe,discard=unmap"
                + " -device virtio-blk-device,drive=scratch,serial=scratch"
                + " -netdev user,id=net,ipv6=off -device virtio-net-device,netdev=net");
  }

  @Test
  void withKvmTheGuestIsToldNothingAboutTimersAndCpus() {
    assertThat(line(host(Accelerator.KVM, SEVEN), spec(4, NetworkMode.NONE, true, false)))
        .contains("-accel kvm -cpu host -smp 4")
        .contains("-append console=ttyS0 quiet reboot=t panic=-1 -chardev")
        .doesNotContain("tsc")
        .doesNotContain("norandmaps")
        .doesNotContain("-netdev")
        .doesNotContain("-drive");
  }

  @Test
  void theLapicTimerIsLeftOutOnlyWhereTheOtherTimerInterrupts() {
    assertThat(line(host(Accelerator.TCG, SEVEN), spec(1, NetworkMode.NONE, true, true)))
        .doesNotContain("nolapic_timer");
    assertThat(line(host(Accelerator.TCG, SEVEN), spec(1, NetworkMode.NONE, false, true)))
        .contains("microvm,acpi=off")
        .contains("nolapic_timer");
  }

  @Test
  void addressesAreRandomWhereThatCostsNothing() {
    assertThat(line(host(Accelerator.TCG, TEN), spec(1, NetworkMode.NONE, true, true)))
        .doesNotContain("norandmaps");
  }

  @Test
  void locksAreKeptWithSeveralCpus() {
    assertThat(line(host(Accelerator.TCG, SEVEN), spec(2, NetworkMode.NONE, true, true)))
        .doesNotContain("noreplace-smp");
  }

  @Test
  void anUnknownCounterRateIsNotInvented() {
    QemuCommandLine.Host host =
        new QemuCommandLine.Host("qemu", SEVEN, Accelerator.TCG, OptionalLong.empty());
    assertThat(line(host, spec(1, NetworkMode.NONE, true, true))).doesNotContain("tsc");
  }

  @Test
  void theSandboxIsAlwaysOn() {
    for (Accelerator accelerator : Accelerator.values()) {
      assertThat(QemuCommandLine.of(host(accelerator, TEN), spec(1, NetworkMode.NONE, true, false)))
          .containsSubsequence(
              List.of(
                  "-sandbox",
                  "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"));
    }
  }

  @Test
  void aGuestWithoutAgentHasNothingButItsConsoleAndBeginsOnceSomebodyReadsIt() {
    var agent = spec(1, NetworkMode.NONE, true, false);
    var console =
        new MicroVmSpec(
            agent.name(),
            agent.directory(),
            agent.kernel(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            agent.shape(),
            NetworkMode.NONE,
            true,
            "--verbose /hello",
            MicroVmSpec.Console.OUTPUT,
            agent.lifetime());

    assertThat(line(host(Accelerator.KVM, SEVEN), console))
        .contains("path=console.sock,server=on,wait=on -serial chardev:console")
        .containsPattern("-append console=ttyS0 quiet .*--verbose /hello -chardev")
        .doesNotContain("-initrd", "virtserialport");
    assertThat(line(host(Accelerator.KVM, SEVEN), agent)).contains("server=on,wait=off", "-initrd");
  }
}
