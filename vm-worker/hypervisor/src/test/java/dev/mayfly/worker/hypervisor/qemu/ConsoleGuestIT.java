package dev.mayfly.worker.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.guest.GuestChannel;
import dev.mayfly.worker.core.vm.MicroVmSpec;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Guests without an agent on a real QEMU: their console is read to its last byte. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ConsoleGuestIT {
  private static final Duration SOON = Duration.ofSeconds(30);

  private static QemuHypervisor hypervisor;
  private Path vms;

  @BeforeAll
  static void findQemu() throws Exception {
    hypervisor = QemuHypervisor.create("qemu-system-x86_64", Accelerator.TCG);
  }

  @BeforeEach
  void makeDirectory() throws IOException {
    vms = Files.createTempDirectory("vms");
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    assertThat(new VmProcesses().findAll(vms)).isEmpty();
    try (Stream<Path> all = Files.walk(vms)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private RunningMicroVm boot(String name, String text, boolean stays) throws Exception {
    return hypervisor.boot(
        new MicroVmSpec(
            name,
            Files.createDirectory(vms.resolve(name)),
            IdleKernel.printing(vms.resolve(name + ".elf"), text, stays),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            new Shape(1, 128, 64),
            NetworkMode.NONE,
            true,
            "--of-the-image",
            MicroVmSpec.Console.OUTPUT,
            Duration.ofMinutes(1)));
  }

  private static String readAll(GuestChannel console) throws IOException {
    var bytes = new ByteArrayOutputStream();
    var buffer = ByteBuffer.allocate(100);
    try {
      while (console.read(buffer.clear()) >= 0) {
        bytes.write(buffer.array(), 0, buffer.position());
      }
    } catch (IOException reset) {
      // An end as good as any.
    }
    return bytes.toString(StandardCharsets.US_ASCII);
  }

  private static String read(GuestChannel console, int count) throws IOException {
    var buffer = ByteBuffer.allocate(count);
    while (buffer.hasRemaining()) {
      assertThat(console.read(buffer)).isPositive();
    }
    return new String(buffer.array(), StandardCharsets.US_ASCII);
  }

  @Test
  void aGuestIsHeardFromItsFirstByteToItsLastAndItsPowerOffIsAGoodEnd() throws Exception {
    var text = "hello\r\n" + "0123456789abcdef".repeat(2000) + "\r\nbye";
    var microVm = boot("prints", text, false);
    try (var console = microVm.connectConsole(SOON)) {
      assertThat(readAll(console)).isEqualTo(text);
    }
    assertThat(microVm.exited().get(20, TimeUnit.SECONDS)).isZero();
    assertThat(microVm.endedInOrder()).isTrue();
    assertThat(microVm.panicked()).isFalse();
    assertThat(microVm.console()).endsWith("bye");
    microVm.destroy();
  }

  @Test
  void aPanicIsSeen() throws Exception {
    var microVm = boot("panics", "Kernel panic - not syncing: a test", false);
    try (var console = microVm.connectConsole(SOON)) {
      readAll(console);
    }
    assertThat(microVm.panicked()).isTrue();
    microVm.destroy();
  }

  @Test
  void aKilledVmmHasNotEndedInOrder() throws Exception {
    var microVm = boot("killed", "hello", true);
    var again = hypervisor.adopt("killed", vms.resolve("killed"), microVm.identity());
    try (var console = microVm.connectConsole(SOON)) {
      assertThat(read(console, 5)).isEqualTo("hello");
      ProcessHandle.of(microVm.pid()).orElseThrow().destroyForcibly();
      assertThat(readAll(console)).isEmpty();
    }
    again.exited().get(20, TimeUnit.SECONDS);
    assertThat(again.endedInOrder()).isFalse();
    assertThat(microVm.exited().get(20, TimeUnit.SECONDS)).isNotZero();
    assertThat(microVm.endedInOrder()).isFalse();
    microVm.destroy();
  }

  @Test
  void aWorkerThatTakesItUpAgainHearsItGoOnAndWhetherItPoweredOff() throws Exception {
    var text = "first" + "0123456789abcdef".repeat(40_000) + "last";
    var microVm = boot("adopted", text, false);
    try (var console = microVm.connectConsole(SOON)) {
      assertThat(read(console, 5)).isEqualTo("first");
    }
    var again = hypervisor.adopt("adopted", vms.resolve("adopted"), microVm.identity());
    try (var console = again.connectConsole(SOON)) {
      readAll(console);
    } catch (IOException ended) {
      // It printed all of it while nobody listened.
    }
    assertThat(again.exited().get(60, TimeUnit.SECONDS)).isEqualTo(RunningMicroVm.UNKNOWN_EXIT);
    assertThat(again.endedInOrder()).isTrue();
    again.destroy();
    microVm.destroy();
  }
}
