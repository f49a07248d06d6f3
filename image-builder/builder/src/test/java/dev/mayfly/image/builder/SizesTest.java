package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.SampleBundles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SizesTest {
  @TempDir Path directory;

  @Test
  void everyFileOfABundleIsListed() throws Exception {
    var bundle =
        SampleBundles.publish(
            BundleStore.open(directory.resolve("images")),
            directory.resolve("staged"),
            "debian:12",
            "one");

    assertThat(Sizes.files(bundle))
        .hasSameSizeAs(bundle.manifest().files())
        .anySatisfy(line -> assertThat(line).isEqualTo("     0.0 MiB  vmlinux"));
  }

  @Test
  void theTenLargestPackagesComeFirstAndEqualOnesByName() {
    List<InstalledPackage> packages = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      packages.add(new InstalledPackage("deb", "small" + i, "1", "amd64", 1000));
    }
    packages.add(new InstalledPackage("deb", "git", "1:2.39", "amd64", 46L << 20));
    packages.add(new InstalledPackage("deb", "coreutils", "9.1", "amd64", (17L << 20) + 524_288));

    assertThat(Sizes.packages(packages))
        .hasSize(10)
        .startsWith("    46.0 MiB  git 1:2.39", "    17.5 MiB  coreutils 9.1")
        .element(2)
        .isEqualTo("     0.0 MiB  small0 1");
  }
}
