package dev.mayfly.worker.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.NetworkMode;
import dev.mayfly.worker.core.vm.MicroVmSpec;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ConfinementTest {
  private static final MicroVmSpec WITH_DISKS =
      QemuCommandLineTest.spec(1, NetworkMode.NONE, true, true);
  private static final MicroVmSpec WITHOUT_DISKS =
      QemuCommandLineTest.spec(1, NetworkMode.NONE, true, false);

  private static String wrap(Confinement.Level level, MicroVmSpec spec, OptionalInt group) {
    return String.join(
        " ", new Confinement(level).wrap(spec, group, List.of("qemu", "-name", "x")));
  }

  @Test
  void theLifeIsLimitedAndTheFilesAreOpenedBeforeRightsAreDropped() {
    int user = new Confinement(Confinement.Level.OWN_USER).user("job-1").orElseThrow();
    assertThat(wrap(Confinement.Level.OWN_USER, WITH_DISKS, OptionalInt.empty()))
        .isEqualTo(
            "setsid timeout -s KILL 5400s sh -c ulimit -c 0; exec 3<\"$1\" 4<\"$2\" 5<\"$3\" 6<\"$4\" 7<>\"$4\";"
                + " shift 4; exec \"$@\" sh /b/vmlinux /b/initramfs /b/root /vms/job-1/scratch"
                + " setpriv --reuid "
                + user
                + " --regid "
                + user
                + " --clear-groups --bounding-set=-all --no-new-privs --inh-caps=-all"
                + " --pdeathsig KILL qemu -name x");
  }

  @Test
  void eachMicroVmHasAUserOfItsOwn() {
    Confinement confinement = new Confinement(Confinement.Level.OWN_USER);
    assertThat(confinement.user("job-1")).isNotEqualTo(confinement.user("job-2"));
    assertThat(confinement.user("job-1")).isEqualTo(confinement.user("job-1"));
    assertThat(confinement.user("job-1").orElseThrow()).isBetween(1_900_000_000, 2_000_000_000);
  }

  @Test
  void theKvmGroupIsTheOnlyOneKept() {
    assertThat(wrap(Confinement.Level.OWN_USER, WITHOUT_DISKS, OptionalInt.of(108)))
        .contains("--groups 108")
        .doesNotContain("--clear-groups");
  }

  @Test
  void lessIsTakenAwayWhereTheHostDoesNotAllowMore() {
    assertThat(wrap(Confinement.Level.NO_CAPABILITIES, WITHOUT_DISKS, OptionalInt.empty()))
        .contains("shift 2;")
        .contains(" setpriv --bounding-set=-all --no-new-privs --inh-caps=-all --pdeathsig KILL ");
    assertThat(wrap(Confinement.Level.NO_NEW_RIGHTS, WITHOUT_DISKS, OptionalInt.empty()))
        .contains(" setpriv --no-new-privs --inh-caps=-all --pdeathsig KILL ");
    assertThat(new Confinement(Confinement.Level.NO_NEW_RIGHTS).user("a")).isEmpty();
  }

  @Test
  void noLifeIsEndless() {
    MicroVmSpec spec =
        new MicroVmSpec(
            "a",
            WITHOUT_DISKS.directory(),
            WITHOUT_DISKS.kernel(),
            WITHOUT_DISKS.initramfs(),
            WITHOUT_DISKS.rootfs(),
            WITHOUT_DISKS.scratch(),
            WITHOUT_DISKS.shape(),
            NetworkMode.NONE,
            true,
            "",
            MicroVmSpec.Console.KERNEL,
            Duration.ofMillis(10));
    assertThat(wrap(Confinement.Level.NO_NEW_RIGHTS, spec, OptionalInt.empty()))
        .startsWith("setsid timeout -s KILL 1s ");
  }
}
