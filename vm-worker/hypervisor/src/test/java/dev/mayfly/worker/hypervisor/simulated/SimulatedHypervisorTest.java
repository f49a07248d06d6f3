package dev.mayfly.worker.hypervisor.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.guest.CollectingSink;
import dev.mayfly.worker.core.guest.ExecSpec;
import dev.mayfly.worker.core.guest.FramedGuestSessions;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.vm.HypervisorException;
import dev.mayfly.worker.core.vm.MicroVmSpec;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import dev.mayfly.worker.core.vm.VmmIdentity;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SimulatedHypervisorTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir Path directory;
  private final SimulatedHypervisor hypervisor = new SimulatedHypervisor();
  private final FramedGuestSessions sessions = new FramedGuestSessions(new Random(1));

  private MicroVmSpec spec() {
    return new MicroVmSpec(
        "a",
        directory,
        Path.of("vmlinux"),
        Optional.of(Path.of("initramfs")),
        Optional.empty(),
        Optional.empty(),
        Shape.DEFAULT,
        NetworkMode.NONE,
        true,
        "",
        MicroVmSpec.Console.KERNEL,
        Duration.ofHours(1));
  }

  @Test
  void aJobRunsInASimulatedMicroVm() throws Exception {
    RunningMicroVm microVm = hypervisor.boot(spec());
    GuestSession session = sessions.open(microVm.connect(SOON), false, SOON);
    CollectingSink sink = new CollectingSink();
    ExecSpec exec =
        new ExecSpec(List.of("sh", "-c", "echo hi;exit 3"), List.of(), "/", false, "", false, 18);

    assertThat(session.start(exec, sink, SOON).ended().get(20, TimeUnit.SECONDS).exitCode())
        .isEqualTo(3);
    assertThat(sink.text(GuestSession.GuestStream.STDOUT)).isEqualTo("hi\n");
    session.powerOff(SOON);
    assertThat(microVm.exited().get(20, TimeUnit.SECONDS)).isZero();
    microVm.destroy();
    microVm.destroy();
    assertThat(hypervisor.alive()).isZero();
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aCrashEndsTheConversationAndLaterConnects() throws Exception {
    RunningMicroVm microVm = hypervisor.boot(spec());
    GuestSession session = sessions.open(microVm.connect(SOON), false, SOON);
    hypervisor.crash("a", 134);

    assertThat(microVm.exited().get(20, TimeUnit.SECONDS)).isEqualTo(134);
    assertThat(session.over().get(20, TimeUnit.SECONDS).kind()).isEqualTo(GuestException.Kind.GONE);
    assertThatThrownBy(() -> microVm.connect(SOON)).isInstanceOf(IOException.class);
  }

  @Test
  void aMicroVmIsAdoptedUnderItsOwnIdentityOnly() throws Exception {
    RunningMicroVm microVm = hypervisor.boot(spec());
    RunningMicroVm adopted = hypervisor.adopt("a", directory, microVm.identity());
    sessions.open(adopted.connect(SOON), false, SOON).close();
    sessions.open(adopted.connect(SOON), true, SOON).close();
    assertThatThrownBy(() -> hypervisor.adopt("a", directory, new VmmIdentity(0, 99)))
        .isInstanceOf(HypervisorException.class);

    adopted.destroy();
    assertThat(microVm.exited()).isDone();
    assertThatThrownBy(() -> hypervisor.adopt("a", directory, microVm.identity()))
        .isInstanceOf(HypervisorException.class)
        .hasMessageContaining("does not run");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aBootFailsWhenItIsToldTo() throws Exception {
    hypervisor.failNextBoot("no memory");
    assertThatThrownBy(() -> hypervisor.boot(spec()))
        .isInstanceOf(HypervisorException.class)
        .hasMessage("no memory");
    assertThat(directory).isEmptyDirectory();
    hypervisor.boot(spec()).destroy();
    assertThat(hypervisor.booted()).isEqualTo(1);
  }
}
