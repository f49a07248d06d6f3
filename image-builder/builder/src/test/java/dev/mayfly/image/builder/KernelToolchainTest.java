package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelToolchainTest {
  private static final String PATH = "/usr/bin:/bin:relative";

  @TempDir Path root;

  @Test
  void anEmptyMachineLacksEveryPackageOnce() {
    assertThat(KernelToolchain.missing(root, PATH))
        .containsExactly(
            "make",
            "gcc",
            "binutils",
            "flex",
            "bison",
            "bc",
            "xz-utils",
            "perl",
            "libc6-dev",
            "libelf-dev");
  }

  @Test
  void whatIsThereIsNotNamed() throws Exception {
    for (String program : List.of("make", "gcc", "ld", "strip", "bison", "bc", "xz", "perl")) {
      program("usr/bin/" + program);
    }
    file("usr/include/stdio.h");

    assertThat(KernelToolchain.missing(root, PATH)).containsExactly("flex", "libelf-dev");
  }

  @Test
  void aFileThatCannotBeRunIsNoProgram() throws Exception {
    file("usr/bin/make");

    assertThat(KernelToolchain.missing(root, PATH)).contains("make");
  }

  private void program(String path) throws IOException {
    file(path);
    assertThat(root.resolve(path).toFile().setExecutable(true)).isTrue();
  }

  private void file(String path) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "");
  }
}
