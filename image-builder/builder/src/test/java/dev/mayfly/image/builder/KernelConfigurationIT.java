package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The configuration of the minimal kernel with its real source, where Debian's linux-source-6.1 is
 * installed; compiling it takes minutes and is done by {@code mayfly image kernel build} only.
 */
class KernelConfigurationIT {
  private static final Path SOURCE = Path.of("/usr/src/linux-source-6.1.tar.xz");

  @TempDir Path directory;
  private final Commands commands = new Commands(System.getenv());

  @BeforeEach
  void unpack() throws Exception {
    assumeThat(SOURCE).exists();
    assumeThat(KernelToolchain.missing(Path.of("/"), commands.path())).isEmpty();
    Process tar =
        new ProcessBuilder(
                "tar", "-xf", SOURCE.toString(), "-C", directory.toString(), "--strip-components=1")
            .start();
    assertThat(tar.waitFor()).isZero();
  }

  @Test
  void theCarriedFragmentIsGrantedAsAWholeAndAWrongOneIsNamed() throws Exception {
    KernelCompilation compilation = new KernelCompilation(commands, directory);

    compilation.configure(KernelFragment.load());

    assertThat(compilation.configuration()).contains("CONFIG_NF_TABLES=y");
    assertThat(compilation.release()).startsWith("6.1.").endsWith("-mayfly");
    KernelFragment wrong = KernelFragment.parse("CONFIG_BPF_JIT=y\n".getBytes(UTF_8));
    assertThatThrownBy(() -> compilation.configure(wrong))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("CONFIG_BPF_JIT=y (there: n)");
    assertThat(Files.exists(directory.resolve("vmlinux"))).isFalse();
  }
}
