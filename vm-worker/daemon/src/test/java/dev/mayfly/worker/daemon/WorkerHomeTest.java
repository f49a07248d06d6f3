package dev.mayfly.worker.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerHomeTest {
  @TempDir Path root;

  @Test
  void theIdIsMadeOnceAndKept() throws Exception {
    var directory = root.resolve("home/worker");
    String first;
    try (var home = WorkerHome.claim(directory).orElseThrow()) {
      first = home.id().toString();
      assertThat(home.id()).hasToString(first);
    }
    try (var home = WorkerHome.claim(directory).orElseThrow()) {
      assertThat(home.id()).hasToString(first);
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
        .isEqualTo("rwx------");
  }

  @Test
  void aSecondWorkerDoesNotGetTheDirectory() throws Exception {
    try (var home = WorkerHome.claim(root).orElseThrow()) {
      assertThat(home.directory()).isEqualTo(root);
      assertThat(WorkerHome.claim(root)).isEmpty();
    }
    var again = WorkerHome.claim(root);
    assertThat(again).isPresent();
    again.orElseThrow().close();
  }

  @Test
  void aDamagedIdIsNotOverwritten() throws Exception {
    Files.writeString(root.resolve("id"), "rubbish");
    try (var home = WorkerHome.claim(root).orElseThrow()) {
      assertThatThrownBy(home::id)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("remove it");
    }
    assertThat(root.resolve("id")).hasContent("rubbish");
  }

  @Test
  void aTokenIsReadAnewAndChecked() throws Exception {
    var file = root.resolve("worker-token");
    var token = new TokenFile(file);
    assertThatThrownBy(token::read).hasMessageContaining("there is no worker token");
    Files.writeString(file, "abc\n");
    assertThat(token.read()).isEqualTo("abc");
    Files.writeString(file, "\n");
    assertThatThrownBy(token::read).hasMessageContaining("does not hold a token");
    Files.writeString(file, "two\nlines");
    assertThatThrownBy(token::read).hasMessageContaining("does not hold a token");
  }
}
