package dev.mayfly.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The log, the passwords, the lock, and what is undone. */
class FilesOfTheLauncherTest {
  @TempDir Path directory;

  @Test
  void theLogNeverTakesMoreThanTwiceItsLimit() throws Exception {
    var file = directory.resolve("log");
    try (var log = new CappedLog(file, 100)) {
      for (int i = 0; i < 1000; i++) {
        write(log, "line %04d\n".formatted(i));
        long total = Files.size(file);
        var older = directory.resolve("log.1");
        total += Files.exists(older) ? Files.size(older) : 0;
        assertThat(total).isLessThanOrEqualTo(200);
      }
    }
    assertThat(Files.readString(file)).endsWith("line 0999\n");
    assertThat(Files.readString(directory.resolve("log.1"))).doesNotContain("line 0999");
  }

  @Test
  void theLogGoesOnWhereItWas() throws Exception {
    var file = directory.resolve("log");
    for (int i = 0; i < 2; i++) {
      try (var log = new CappedLog(file, 100)) {
        write(log, "start " + i + "\n");
      }
    }
    assertThat(Files.readString(file)).isEqualTo("start 0\nstart 1\n");
  }

  @Test
  void aLogThatCannotBeWrittenIsDropped() {
    try (var log = new CappedLog(directory.resolve("missing/log"), 100)) {
      write(log, "lost\n");
    }
    assertThat(directory.resolve("missing")).doesNotExist();
  }

  private static void write(CappedLog log, String text) {
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    log.write(bytes, bytes.length);
  }

  @Test
  void aPasswordIsDrawnOnceAndKeptForUsAlone() throws Exception {
    var file = new PasswordFile(directory.resolve("password"));
    var password = file.readOrCreate();
    assertThat(password).matches("[A-Za-z0-9_-]{32}");
    assertThat(file.readOrCreate()).isEqualTo(password);
    assertThat(new PasswordFile(directory.resolve("other")).readOrCreate()).isNotEqualTo(password);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.file())))
        .isEqualTo("rw-------");
  }

  @Test
  void onlyTheFirstLineOfAPasswordFileCounts() throws Exception {
    var file = Files.writeString(directory.resolve("password"), "secret\r\ncomment\n");
    assertThat(new PasswordFile(file).read()).isEqualTo("secret");
  }

  @Test
  void aPasswordFileWithoutOneIsRefused() throws Exception {
    var empty = new PasswordFile(Files.writeString(directory.resolve("empty"), "\n"));
    assertThatThrownBy(empty::read)
        .isInstanceOf(DatabaseException.class)
        .hasMessageContaining("empty first line");
    var large = new PasswordFile(Files.writeString(directory.resolve("large"), "x".repeat(5000)));
    assertThatThrownBy(large::read)
        .isInstanceOf(DatabaseException.class)
        .hasMessageContaining("too large");
    var missing = new PasswordFile(directory.resolve("missing"));
    assertThatThrownBy(missing::read)
        .isInstanceOf(DatabaseException.class)
        .hasMessageContaining("cannot be read");
  }

  @Test
  void aDirectoryIsLockedOnceByAnyOfItsNames() throws Exception {
    var real = Files.createDirectory(directory.resolve("real"));
    var link = Files.createSymbolicLink(directory.resolve("link"), real);
    try (var lock = DirectoryLock.acquire(real)) {
      assertThat(Files.readString(real.resolve("lock")).strip())
          .isEqualTo(String.valueOf(ProcessHandle.current().pid()));
      assertThatThrownBy(() -> DirectoryLock.acquire(link))
          .isInstanceOf(DatabaseException.class)
          .hasMessageContaining("in use by process " + ProcessHandle.current().pid());
      lock.close();
      DirectoryLock.acquire(link).close();
    }
  }

  @Test
  void everyUndoRunsInReverseAlsoAfterOneThatFails() {
    var order = new ArrayList<Integer>();
    try (var undo = new Undo()) {
      undo.push("first", () -> order.add(1));
      undo.push(
          "second",
          () -> {
            throw new IllegalStateException("on purpose");
          });
      undo.push("third", () -> order.add(3));
    }
    assertThat(order).isEqualTo(List.of(3, 1));
  }

  @Test
  void whatWasHandedOverIsUndoneByItsKeeperOnce() {
    var order = new ArrayList<Integer>();
    Undo keeper;
    try (var undo = new Undo()) {
      undo.push("first", () -> order.add(1));
      undo.push("second", () -> order.add(2));
      keeper = undo.handOver();
    }
    assertThat(order).isEmpty();
    keeper.close();
    keeper.close();
    assertThat(order).isEqualTo(List.of(2, 1));
  }
}
