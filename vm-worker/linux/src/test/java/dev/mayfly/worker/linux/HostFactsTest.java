package dev.mayfly.worker.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class HostFactsTest {

  @Test
  void thisHostHasSomethingOfEverything() throws IOException {
    assertThat(HostFacts.cpus()).isPositive();
    assertThat(HostFacts.memoryMib()).isBetween(64L, 1L << 30);
    assertThat(HostFacts.availableMemoryMib()).isPositive();
    assertThat(HostFacts.freeBytes(Path.of("."))).isPositive();
    assertThat(HostFacts.kernelRelease()).matches("\\d+\\.\\d+.*");
    assertThat(HostFacts.bootId()).matches("[0-9a-f-]{36}").isEqualTo(HostFacts.bootId());
    assertThat(HostFacts.isRoot()).isEqualTo(System.getProperty("user.name").equals("root"));
  }

  @Test
  void memoryIsReadFromTheKernelsTable() throws IOException {
    String text = "MemTotal:       24683520 kB\nMemFree:  5 kB\nMemAvailable:   100 kB\n";
    assertThat(HostFacts.memoryInfo(text, "MemTotal")).isEqualTo(24683520);
    assertThat(HostFacts.memoryInfo(text, "MemAvailable")).isEqualTo(100);
    assertThatThrownBy(() -> HostFacts.memoryInfo(text, "Mem")).isInstanceOf(IOException.class);
  }
}
