package dev.mayfly.worker.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProcessIdentityIT {

  @Test
  void aProcessIsKilledOnceAndForAll() throws Exception {
    Process process = new ProcessBuilder("sleep", "100").start();
    ProcessIdentity identity = ProcessIdentity.of(process.pid()).orElseThrow();

    assertThat(identity.isAlive()).isTrue();
    assertThat(identity.kill()).isTrue();
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(137);
    assertThat(identity.isAlive()).isFalse();
    assertThat(identity.kill()).isFalse();
  }

  @Test
  void anotherProcessWithTheSamePidIsSpared() throws Exception {
    Process process = new ProcessBuilder("sleep", "100").start();
    try {
      ProcessIdentity identity = ProcessIdentity.of(process.pid()).orElseThrow();
      ProcessIdentity earlier = new ProcessIdentity(identity.pid(), identity.startTicks() - 1);

      assertThat(earlier.isAlive()).isFalse();
      assertThat(earlier.kill()).isFalse();
      assertThat(identity.isAlive()).isTrue();
    } finally {
      process.destroyForcibly();
    }
  }
}
