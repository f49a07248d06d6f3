package dev.mayfly.worker.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessIdentityTest {

  @Test
  void theProgramsNameMayHoldAnything() {
    String stat =
        "42 (a) R 1 (b) ) S 1 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 987654 1000 2 3\n";
    assertThat(ProcessIdentity.parse(42, stat)).contains(new ProcessIdentity(42, 987654));
  }

  @Test
  void aZombieIsGone() {
    String stat = "42 (a) Z 1 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 987654 1000 2 3";
    assertThat(ProcessIdentity.parse(42, stat)).isEmpty();
    assertThat(ProcessIdentity.parse(42, "42 (a) S 1")).isEmpty();
  }

  @Test
  void thisProcessIsAlive() {
    assertThat(ProcessIdentity.of(ProcessHandle.current().pid()).orElseThrow().isAlive()).isTrue();
    assertThat(ProcessIdentity.of(0)).isEmpty();
  }
}
