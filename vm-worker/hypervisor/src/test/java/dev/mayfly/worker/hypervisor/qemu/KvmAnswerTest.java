package dev.mayfly.worker.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KvmAnswerTest {
  private static final KvmAnswer ANSWER =
      new KvmAnswer(
          new KvmAnswer.Key("6.18.44", "7.2.22", "abc"),
          new KvmProbe.Result(false, "said \"no\" \\ twice"),
          Instant.parse("2026-11-21T22:00:00Z"));

  @TempDir Path directory;

  @Test
  void anAnswerIsReadAsItWasWritten() throws Exception {
    Path file = directory.resolve("kvm.json");
    ANSWER.write(file);
    ANSWER.write(file);
    assertThat(KvmAnswer.read(file)).contains(ANSWER);
    assertThat(directory).isDirectoryContaining(path -> path.equals(file));
    try (var files = Files.list(directory)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void whatCannotBeReadIsNoAnswer() throws Exception {
    Path file = directory.resolve("kvm.json");
    assertThat(KvmAnswer.read(file)).isEmpty();
    String json = ANSWER.toJson();
    for (int length = 0; length < json.length(); length++) {
      Files.writeString(file, json.substring(0, length));
      assertThat(KvmAnswer.read(file)).isEmpty();
    }
    assertThat(KvmAnswer.parse(json.replace("2026-11", "2026-99"))).isEmpty();
    assertThat(KvmAnswer.parse(json.replace("\"schema\":1", "\"schema\":2"))).isEmpty();
  }

  @Test
  void controlCharactersDoNotBreakTheFile() {
    KvmAnswer odd =
        new KvmAnswer(ANSWER.key(), new KvmProbe.Result(true, "a\nb\u0001"), ANSWER.at());
    assertThat(KvmAnswer.parse(odd.toJson()).orElseThrow().result().reason()).isEqualTo("a b ");
  }
}
