package dev.mayfly.db;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnpackingIT {
  @TempDir Path directory;

  @Test
  void severalUnpackAtOnceAndOneFolderIsThere() throws Exception {
    try (var executor = Executors.newFixedThreadPool(2)) {
      var runs = new ArrayList<Future<PostgresBinaries>>();
      for (int i = 0; i < 2; i++) {
        runs.add(executor.submit(() -> PostgresBinaries.unpack(directory)));
      }
      for (var run : runs) {
        assertThat(run.get().program("postgres")).isExecutable();
      }
    }
    try (var files = Files.list(directory)) {
      assertThat(files)
          .containsExactly(directory.resolve("binaries-" + PostgresBinaries.pinnedVersion()));
    }
  }

  @Test
  void aFolderThatIsNotWholeIsReplaced() throws Exception {
    var home = directory.resolve("binaries-" + PostgresBinaries.pinnedVersion());
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(home.resolve("bin/postgres"), "half");
    assertThat(Files.size(PostgresBinaries.unpack(directory).program("postgres")))
        .isGreaterThan(1 << 20);
  }
}
