package dev.mayfly.worker.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KvmDeviceTest {
  @TempDir Path directory;

  @Test
  void aMissingDeviceIsAbsentWithAReason() {
    assertThat(KvmDevice.ask(directory.resolve("kvm")))
        .isEqualTo(
            new KvmDevice.Answer.Absent(
                "open " + directory.resolve("kvm") + ": no such file or directory"));
  }

  @Test
  void aFileThatIsNotTheDeviceIsAbsent() throws Exception {
    Path file = Files.createFile(directory.resolve("kvm"));
    assertThat(KvmDevice.ask(file))
        .isInstanceOfSatisfying(
            KvmDevice.Answer.Absent.class,
            absent -> assertThat(absent.reason()).contains("not a device"));
  }

  @Test
  void theRealDeviceIsPresentWhereItCanBeOpened() {
    assertThat(KvmDevice.ask(KvmDevice.PATH) instanceof KvmDevice.Answer.Present)
        .isEqualTo(Files.isReadable(KvmDevice.PATH) && Files.isWritable(KvmDevice.PATH));
  }
}
