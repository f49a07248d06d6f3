package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.client.fake.FakeOrchestrator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Publishing images and keeping them, against a faithful orchestrator over loopback. */
@Timeout(60)
class ImageCommandsIT {
  private final FakeOrchestrator fake;

  @TempDir Path home;

  ImageCommandsIT() throws IOException {
    fake = new FakeOrchestrator(job -> job.exits(0));
  }

  @AfterEach
  void stop() {
    fake.close();
  }

  @Test
  void aBuiltImageIsPublishedWithItsFilesAndSignaturesAndThenItsName() throws Exception {
    String digest = BuiltBundle.write(images(), "app:1", "a kernel", "a root disk");
    BuiltBundle.sign(images(), digest, "00112233aabbccdd", "ff00");

    assertThat(run("image", "publish", "app:1").stderr.text())
        .isEqualTo("mayfly: published app:1 as version 1: 19 B, 2 files sent\n");

    assertThat(run("image", "ls").stdout.text()).contains("app:1", digest.substring(0, 19));
    assertThat(run("image", "inspect", "--manifest", "app:1").stdout.text())
        .isEqualTo(manifest(digest) + "\n");
    assertThat(run("image", "inspect", "--json", digest).stdout.text())
        .contains("{\"keyId\":\"00112233aabbccdd\",\"signature\":\"/wA=\"}");
  }

  @Test
  void whatTheOrchestratorHasIsNotSentAgain() throws Exception {
    BuiltBundle.write(images(), "app:1", "a kernel", "a root disk");
    run("image", "publish", "app:1");
    BuiltBundle.write(images(), "app:1", "a kernel", "another disk");

    assertThat(run("image", "publish", "app:1").stderr.text())
        .isEqualTo("mayfly: published app:1 as version 2: 20 B, 1 files sent\n");
    assertThat(fake.count("PUT", "/api/v1/blobs/")).isEqualTo(3);
  }

  @Test
  void aNameThatWasRolledBackIsLeftAloneWhenOnlyNewOnesArePublished() throws Exception {
    BuiltBundle.write(images(), "app:1", "a kernel", "first");
    run("image", "publish", "app:1");
    BuiltBundle.write(images(), "app:1", "a kernel", "second");
    run("image", "publish", "--all", "--new");
    assertThat(run("image", "rollback", "app:1", "1").stderr.text())
        .contains("app:1 points to sha256:", "again, as version 3");

    assertThat(run("image", "publish", "--all", "--new").stderr.text()).isEmpty();
    assertThat(run("image", "history", "app:1").stdout.text().lines().toList())
        .hasSize(4)
        .element(1)
        .asString()
        .startsWith("3       sha256:")
        .contains("rolled back", "current");
  }

  @Test
  void whatWasNotBuiltHereIsOneLine() {
    Shell shell = shell();
    assertThat(shell.run("image", "publish", "absent:1")).isEqualTo(120);
    assertThat(shell.stderr.text())
        .isEqualTo(
            "mayfly: there is no image absent:1 on this machine: mayfly image build absent:1\n");
  }

  @Test
  void aBundleOfAnOlderVersionDoesNotKeepTheOthersBack() throws Exception {
    String old = BuiltBundle.write(images(), "a-old:1", "a kernel", "old");
    Path manifest = images().resolve("bundles/" + old.replace(':', '-') + "/manifest.json");
    Files.writeString(manifest, Files.readString(manifest).replace("\"schema\":2", "\"schema\":1"));
    String digest = BuiltBundle.write(images(), "b-new:1", "a kernel", "new");
    Files.writeString(
        images().resolve("names.json"),
        "{\"a-old:1\":\"" + old + "\",\"b-new:1\":\"" + digest + "\"}");
    Shell shell = shell();
    assertThat(shell.run("image", "publish", "--all")).isEqualTo(120);
    assertThat(shell.stderr.text())
        .isEqualTo(
            """
            mayfly: left out a-old:1: a-old:1 is a bundle of another version of Mayfly: mayfly image build a-old:1
            mayfly: published b-new:1 as version 1: 11 B, 2 files sent
            """);
  }

  @Test
  void aManifestThatNamesAFileElsewhereIsNotFollowed() throws Exception {
    String digest = BuiltBundle.write(images(), "app:1", "a kernel", "a root disk");
    Path manifest = images().resolve("bundles/" + digest.replace(':', '-') + "/manifest.json");
    Files.writeString(
        manifest, Files.readString(manifest).replace("\"vmlinux\"", "\"../../../secret\""));
    Shell shell = shell();
    assertThat(shell.run("image", "publish", "app:1")).isEqualTo(125);
    assertThat(shell.stderr.text()).contains("cannot understand", "is not a plain file name");
    assertThat(fake.count("PUT", "/api/v1/")).isZero();
  }

  @Test
  void whatIsNotNamedOfAPolicyStays() {
    run("image", "policy", "debian:12", "--source", "recipe:debian:12", "--watch", "1h");
    run("image", "pin", "debian:12");
    assertThat(run("image", "policy", "debian:12", "--keep", "7").stdout.text())
        .isEqualTo(
            """
            source       recipe:debian:12
            watch        every 3600 s
            keep         7 versions
            pinned       yes
            """);
    run("image", "unpin", "debian:12");
    assertThat(
            run("image", "policy", "debian:12", "--watch", "none", "--prepull", "fast")
                .stdout
                .text())
        .isEqualTo(
            """
            source       recipe:debian:12
            keep         7 versions
            prepull      fast
            """);
    assertThat(run("image", "policy", "--json", "debian:12").stdout.text())
        .contains("\"prepullPools\":[\"fast\"]");
    assertThat(run("image", "ls").stdout.text()).contains("recipe:debian:12");
  }

  @Test
  void aNameIsForgottenOnce() {
    assertThat(run("image", "rm", "debian:12").stderr.text())
        .isEqualTo("mayfly: forgot debian:12\n");
    for (String command : new String[] {"rm", "history", "inspect"}) {
      Shell again = shell();
      assertThat(again.run("image", command, "debian:12")).isEqualTo(120);
      assertThat(again.stderr.text())
          .isEqualTo("mayfly: there is no image debian:12; mayfly image ls lists them\n");
    }
  }

  @Test
  void garbageIsCountedWhenItIsRemoved() {
    assertThat(run("image", "gc").stdout.text())
        .isEqualTo("removed 0 versions, 0 bundles and 0 files of 0 B\n");
    assertThat(run("image", "gc", "--json").stdout.text()).contains("\"complete\":true");
  }

  private Path images() {
    return home.resolve("images");
  }

  private String manifest(String digest) throws IOException {
    return Files.readString(
        images().resolve("bundles/" + digest.replace(':', '-') + "/manifest.json"));
  }

  private Shell run(String... arguments) {
    Shell shell = shell();
    assertThat(shell.run(arguments)).as(shell.stderr.text()).isZero();
    return shell;
  }

  private Shell shell() {
    Shell shell = new Shell();
    shell.environment.put("MAYFLY_URL", fake.url());
    shell.environment.put("MAYFLY_TOKEN", FakeOrchestrator.TOKEN);
    shell.environment.put("MAYFLY_HOME", home.toString());
    return shell;
  }
}
