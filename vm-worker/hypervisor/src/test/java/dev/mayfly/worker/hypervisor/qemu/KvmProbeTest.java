package dev.mayfly.worker.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.worker.core.guest.FramedGuestSessions;
import dev.mayfly.worker.hypervisor.simulated.SimulatedHypervisor;
import dev.mayfly.worker.linux.KvmDevice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class KvmProbeTest {
  private static final Instant NOW = Instant.parse("2026-11-21T22:00:00Z");
  private static final KvmDevice.Answer PRESENT = new KvmDevice.Answer.Present();

  @TempDir Path directory;
  private final SimulatedHypervisor hypervisor = new SimulatedHypervisor();

  private KvmProbe.Result probe(Instant now, KvmDevice.Answer device, String kernel, int millis)
      throws Exception {
    KvmProbe probe =
        new KvmProbe(
            new FramedGuestSessions(new Random(1)),
            directory.resolve("kvm.json"),
            Clock.fixed(now, ZoneOffset.UTC),
            Duration.ofMillis(millis));
    KvmProbe.Target target =
        new KvmProbe.Target(
            new QemuVersion(7, 2, "7.2.22"), Path.of("vmlinux"), kernel, Path.of("i"), true);
    KvmProbe.Result result = probe.probe(device, target, () -> hypervisor, directory.resolve("vm"));
    assertThat(directory.resolve("vm")).doesNotExist();
    assertThat(hypervisor.alive()).isZero();
    return result;
  }

  @Test
  void aGuestThatAnswersIsAYesForEver() throws Exception {
    assertThat(probe(NOW, PRESENT, "k", 20_000).usable()).isTrue();
    assertThat(probe(NOW.plus(Duration.ofDays(400)), PRESENT, "k", 20_000).usable()).isTrue();
    assertThat(hypervisor.booted()).isEqualTo(1);
  }

  @Test
  void anotherKernelIsAnotherQuestion() throws Exception {
    probe(NOW, PRESENT, "k", 20_000);
    probe(NOW, PRESENT, "other", 20_000);
    assertThat(hypervisor.booted()).isEqualTo(2);
  }

  @Test
  void aGuestThatHangsIsANoForADay() throws Exception {
    hypervisor.silenceGuests();
    KvmProbe.Result result = probe(NOW, PRESENT, "k", 30);
    assertThat(result.usable()).isFalse();
    assertThat(result.reason()).contains("a guest did not boot on it");

    assertThat(probe(NOW.plus(Duration.ofHours(23)), PRESENT, "k", 30)).isEqualTo(result);
    assertThat(hypervisor.booted()).isEqualTo(1);
    probe(NOW.plus(Duration.ofHours(25)), PRESENT, "k", 30);
    assertThat(hypervisor.booted()).isEqualTo(2);
  }

  @Test
  void withoutADeviceNothingIsBootedOrRemembered() throws Exception {
    KvmProbe.Result result =
        probe(NOW, new KvmDevice.Answer.Absent("open /dev/kvm: no such file"), "k", 20_000);
    assertThat(result).isEqualTo(new KvmProbe.Result(false, "open /dev/kvm: no such file"));
    assertThat(hypervisor.booted()).isZero();
    assertThat(directory.resolve("kvm.json")).doesNotExist();
  }

  @Test
  void aFailureToStartSaysNothingAboutKvm() throws Exception {
    hypervisor.failNextBoot("out of memory");
    assertThat(probe(NOW, PRESENT, "k", 20_000))
        .isEqualTo(new KvmProbe.Result(false, "out of memory"));
    assertThat(Files.exists(directory.resolve("kvm.json"))).isFalse();
    assertThat(probe(NOW, PRESENT, "k", 20_000).usable()).isTrue();
  }

  @Test
  void aVmmThatDiesDuringTheBootSaysNothingAboutKvm() throws Exception {
    hypervisor.crashGuests();
    KvmProbe.Result result = probe(NOW, PRESENT, "k", 20_000);
    assertThat(result.usable()).isFalse();
    assertThat(result.reason()).contains("gave up");
    assertThat(Files.exists(directory.resolve("kvm.json"))).isFalse();
  }
}
