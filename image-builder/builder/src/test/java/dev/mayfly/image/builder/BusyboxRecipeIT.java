package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.source.ImageSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.cyclonedx.Version;
import org.cyclonedx.parsers.JsonParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds the smallest recipe for real, from the mirror of this machine's apt settings. */
class BusyboxRecipeIT {
  private static final long MIB = 1 << 20;

  @TempDir Path home;

  @Test
  void twoBuildsHaveOneDigestAndTheRootFileSystemIsBelowThreeMebibytes() throws Exception {
    Commands commands = new Commands(System.getenv());
    assumeTrue(Tool.MMDEBSTRAP.isPresent(commands.path()), "mmdebstrap is not installed");

    BootBundle one = build();
    BootBundle other = build();

    assertThat(other.digest()).isEqualTo(one.digest());
    assertThat(one.manifest().rootfs().orElseThrow().file().size()).isLessThan(3 * MIB);
    byte[] sbom =
        Files.readAllBytes(
            one.directory().resolve(one.manifest().sbom().orElseThrow().file().name()));
    assertThat(new JsonParser().validate(sbom, Version.VERSION_16)).isEmpty();
    assertThat(new String(sbom, UTF_8)).contains("pkg:deb/debian/busybox-static@");
  }

  private BootBundle build() throws Exception {
    ImageBuilds.Result result =
        new ImageBuilds(home.resolve("images"), Progress.silent(), System.getenv())
            .run(
                new ImageBuilds.Request(
                    new ImageBuilds.Origin.Named(ImageSource.parse("recipe:busybox")),
                    Optional.empty(),
                    KernelChoice.STOCK,
                    true,
                    Optional.empty(),
                    Set.of()));
    assertThat(result.built()).isTrue();
    return result.bundle();
  }
}
