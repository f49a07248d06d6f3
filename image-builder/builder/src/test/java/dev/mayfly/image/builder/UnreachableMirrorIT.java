package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lets a real bootstrap fail. */
class UnreachableMirrorIT {
  @TempDir Path home;

  @Test
  void aMirrorThatCannotBeReachedIsNamedAndNothingIsLeft() throws Exception {
    Commands commands = new Commands(System.getenv());
    assumeTrue(Tool.MMDEBSTRAP.isPresent(commands.path()), "mmdebstrap is not installed");
    Path images = Files.createDirectories(home.resolve("images"));
    int port;
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = taken.getLocalPort();
    }
    Recipe recipe = Recipes.find("debian:12");
    String line =
        "deb http://127.0.0.1:%d/debian %s %s\n"
            .formatted(port, recipe.suite(), recipe.component());
    List<AptSources.Entry> sources = AptSources.parseOneLine(line);

    try (WorkDirectory work = WorkDirectory.open(images.resolve("work"))) {
      Bootstrap bootstrap = new Bootstrap(commands, work);
      Bootstrap.Mode mode = bootstrap.mode("root".equals(System.getProperty("user.name")));
      assertThatThrownBy(
              () -> bootstrap.run(recipe, sources, mode, work.resolve("rootfs.tar"), ignored -> {}))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("127.0.0.1:" + port + " cannot be reached")
          .hasMessageContaining("--sources FILE");
      if (mode == Bootstrap.Mode.ROOT) {
        assertThat(work.resolve("tmp")).isEmptyDirectory();
      }
    }

    assertThat(images).isEmptyDirectory();
  }
}
