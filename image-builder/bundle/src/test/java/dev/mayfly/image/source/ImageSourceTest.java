package dev.mayfly.image.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.mayfly.image.bundle.Sha256;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageSourceTest {
  private static final Sha256 DIGEST = Sha256.of("x".getBytes(StandardCharsets.UTF_8));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "recipe:debian:12",
        "recipe:busybox",
        "registry:docker.io/library/maven:3-eclipse-temurin-25",
        "registry:127.0.0.1:5000/team/tool:1",
        "registry:[::1]:5000/team/tool:1",
        "oci:/var/images/x",
        "oci:/var/images/x:latest",
        "archive:saved.tar:team",
        "archive:saved.tar",
        "dockerfile:.",
        "tar:/tmp/root.tar.zst",
        "debian:bookworm",
        "debian:bookworm?packages=git,make",
        "alpine:3.22?packages=bash",
        "alpine:edge",
        "disk:/images/a.qcow2",
        "system:/tc/vmlinuz,/tc/core.gz",
        "console:/osv/kernel.elf",
        "console:/osv/kernel.elf,/osv/initrd",
        "console:/osv/kernel.elf,/osv/initrd,disk=/osv/disk.img",
        "console:/osv/kernel.elf,disk=/osv/disk.img"
      })
  void whatIsWrittenIsReadAgain(String text) {
    assertThat(ImageSource.parse(text).text()).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "busybox, docker.io/library/busybox:latest",
    "busybox:1.36, docker.io/library/busybox:1.36",
    "team/tool, docker.io/team/tool:latest",
    "index.docker.io/busybox:1, docker.io/library/busybox:1",
    "localhost/tool:1, localhost/tool:1",
    "registry.example/tool, registry.example/tool:latest",
    "registry:5000/a/b/c:2, registry:5000/a/b/c:2"
  })
  void aRegistryReferenceIsCompletedAsDockerDoes(String written, String whole) {
    assertThat(RegistryReference.parse(written)).hasToString(whole);
  }

  @ParameterizedTest
  @CsvSource({
    "busybox, busybox:latest",
    "team/tool:2, team/tool:2",
    "localhost:5000/tool:1, localhost:5000/tool:1"
  })
  void aRegistryImageIsNamedAsItsReferenceIsWritten(String written, String name) {
    assertThat(ImageSource.parse("registry:" + written).ownName()).contains(name);
  }

  @Test
  void aPinnedReferenceNeedsNoTagAndGivesNoName() {
    ImageSource source = ImageSource.parse("registry:team/tool@" + DIGEST);

    assertThat(source)
        .isEqualTo(
            new ImageSource.Registry(
                new RegistryReference(
                    "docker.io", "team/tool", Optional.empty(), Optional.of(DIGEST))));
    assertThat(source.ownName()).isEmpty();
    assertThat(ImageSource.parse("registry:team/tool:1@" + DIGEST).reference())
        .isEqualTo("docker.io/team/tool:1@" + DIGEST);
  }

  @Test
  void packagesAreSortedAndEachIsThereOnce() {
    assertThat(ImageSource.parse("debian:bookworm?packages=make,git,make"))
        .isEqualTo(new ImageSource.Debian("bookworm", List.of("git", "make")));
  }

  @Test
  void aLayoutsTagIsWhatFollowsTheLastColon() {
    assertThat(ImageSource.parse("oci:/a:b/c:1.2"))
        .isEqualTo(new ImageSource.OciLayout(Path.of("/a:b/c"), Optional.of("1.2")));
    assertThat(ImageSource.parse("oci:/a:b/c"))
        .isEqualTo(new ImageSource.OciLayout(Path.of("/a:b/c"), Optional.empty()));
  }

  @Test
  void aBareNameIsARecipeOfThatNameOrElseAnImageInARegistry() {
    assertThat(ImageSource.ofName("debian:12", "debian:12"::equals))
        .isEqualTo(new ImageSource.Recipe("debian:12"));
    assertThat(ImageSource.ofName("debian:bookworm", "debian:12"::equals).text())
        .isEqualTo("registry:docker.io/library/debian:bookworm");
  }

  @Test
  void onlyWhatNamesNoFileCanBeBuiltElsewhere() {
    assertThat(List.of("recipe:a", "registry:a", "debian:sid", "alpine:3.22"))
        .allMatch(text -> ImageSource.parse(text).isRemote());
    assertThat(
            List.of(
                "oci:a", "archive:a", "dockerfile:a", "tar:a", "disk:a", "system:a,b", "console:a"))
        .noneMatch(text -> ImageSource.parse(text).isRemote());
  }

  @Test
  void noDirectoryOfThisMachineIsSaidToOthers() {
    assertThat(
            List.of(
                "oci:/home/me/x:1",
                "archive:/home/me/x:1",
                "dockerfile:/home/me",
                "tar:/home/me/x",
                "disk:/home/me/x",
                "system:/home/me/a,/home/me/b",
                "console:/home/me/a"))
        .allSatisfy(
            text -> assertThat(ImageSource.parse(text).publicReference()).doesNotContain("/"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "debian | begins with none of recipe:",
        "docker:busybox | begins with none of recipe:",
        "registry: | names nothing after registry",
        "registry:team/Tool | the repository is not",
        "registry:busybox:-x | the tag is not",
        "registry:a//b | the repository is not",
        "registry:busybox@sha256:12 | 64 lower-case hexadecimal",
        "registry:busybox@md5:12 | does not start with sha256:",
        "registry:reg.example_x/a | the registry is not",
        "registry:reg.example:65536/a | the registry is not",
        "recipe:../x | the recipe is not a name",
        "debian:bookworm?pkgs=a | what follows ? is not packages=",
        "debian:bookworm?packages=git,;rm | no package name",
        "debian:bookworm?packages=-o | no package name",
        "debian:-x | the suite is not",
        "alpine:latest | the version is not",
        "system:a | not system:KERNEL,INITRAMFS",
        "console:a,b,c | not console:KERNEL",
        "console:a,disk= | a path is empty"
      })
  void whatIsWrongIsNamed(String text, String problem) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ImageSource.parse(text))
        .withMessageContaining("image source")
        .withMessageContaining(problem);
  }

  @Test
  void aSourceIsLimited() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ImageSource.parse("tar:" + "a".repeat(ImageSource.MAX_LENGTH)))
        .withMessageContaining("4096 characters");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ImageSource.parse("tar:a\nb"))
        .withMessageContaining("control character");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ImageSource.parse("debian:sid?packages=" + "ab,".repeat(200) + "ab"))
        .withMessageContaining("more than 200 packages");
  }
}
