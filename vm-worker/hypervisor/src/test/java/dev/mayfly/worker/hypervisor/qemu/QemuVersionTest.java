package dev.mayfly.worker.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.worker.core.vm.HypervisorException;
import org.junit.jupiter.api.Test;

class QemuVersionTest {

  @Test
  void theVersionIsReadFromTheFirstLine() throws Exception {
    assertThat(
            QemuVersion.parse(
                "qemu", "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright"))
        .isEqualTo(new QemuVersion(7, 2, "7.2.22"));
    assertThat(QemuVersion.parse("qemu", "QEMU emulator version 10.0.2\n").major()).isEqualTo(10);
  }

  @Test
  void whatIsNotQemuOrTooOldIsRefused() {
    assertThatThrownBy(() -> QemuVersion.parse("x", "GNU bash, version 5.2.15"))
        .isInstanceOf(HypervisorException.class);
    assertThatThrownBy(() -> QemuVersion.parse("x", "QEMU emulator version 5.2.0"))
        .hasMessageContaining("or newer");
  }

  @Test
  void aMissingBinaryIsToldWithThePackageThatHasIt() {
    assertThatThrownBy(() -> QemuVersion.of("/nowhere/qemu-system-x86_64"))
        .isInstanceOf(HypervisorException.class)
        .hasMessageContaining("install the Debian package qemu-system-x86");
  }
}
