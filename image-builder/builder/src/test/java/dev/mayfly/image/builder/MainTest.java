package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.SampleBundles;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class MainTest {
  @TempDir Path home;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private BootBundle bundle;

  @BeforeEach
  void publish() throws Exception {
    BundleStore store = BundleStore.open(home.resolve("images"));
    bundle = SampleBundles.publish(store, home.resolve("staged"), "debian:12", "one");
  }

  @Test
  void imagesAreListed() {
    assertThat(run("ls")).isZero();
    assertThat(out.toString())
        .contains("debian:12")
        .contains(bundle.digest().toString().substring(0, 19))
        .contains("6.1.0-41-cloud-amd64");
  }

  @Test
  void aManifestIsPrintedByNameAndByDigest() throws Exception {
    assertThat(run("inspect", "debian:12")).isZero();
    assertThat(run("inspect", bundle.digest().toString())).isZero();

    String manifest = Files.readString(bundle.directory().resolve("manifest.json"));
    assertThat(out.toString()).isEqualTo(manifest + "\n" + manifest + "\n");
  }

  @Test
  void aWholeImageIsVerifiedAndABrokenOneIsNamed() throws Exception {
    assertThat(run("verify", "debian:12")).isZero();
    Files.writeString(bundle.kernel(), "One vmlinux");

    assertThat(run("verify", "debian:12")).isEqualTo(1);
    assertThat(err.toString()).contains("vmlinux").contains("sha256:").hasLineCount(1);
  }

  @Test
  void aRemovedImageIsCollected() {
    assertThat(run("rm", "debian:12")).isZero();
    assertThat(bundle.directory()).exists();
    assertThat(run("gc")).isZero();
    assertThat(out.toString()).contains("removed " + bundle.digest());
    assertThat(bundle.directory()).doesNotExist();
  }

  @Test
  void whatToBuildIsNamedInOneWayAndRightly() {
    for (String[] arguments :
        new String[][] {
          {"build", "a", "--from=recipe:debian:12", "--name=b", "give NAME or --name, not both"},
          {"build", "--from=recipe:debian:12", "--recipe=debian:12", "give --from or --recipe"},
          {"build", "--from=nonsense:x", "it begins with none of recipe:"},
          {"build", "--from=registry:a/B", "the repository is not made of"},
          {"build", "--from=oci:/nowhere:1", "made of oci: has no name of its own"},
          {"build", "--from=oci:/nowhere:1", "--name=x", "there is no directory /nowhere"},
          {"build", "--from=archive:/nowhere", "--name=x", "there is no archive /nowhere"},
          {"build", "--from=registry:a", "--name=A B", "--name: the name is not an image name"},
          {"build", "--sign-key=/nowhere", "debian:12", "--sign-key /nowhere cannot be used"},
          {"resolve", "dockerfile:.", "known only when it is built"},
          {"resolve", "debian", "it begins with none of recipe:"},
        }) {
      err.getBuffer().setLength(0);
      String[] command = Arrays.copyOf(arguments, arguments.length - 1);
      assertThat(run(command)).isEqualTo(1);
      assertThat(err.toString())
          .startsWith("image: ")
          .contains(arguments[arguments.length - 1])
          .hasLineCount(1);
    }
  }

  @Test
  void aProgramIsToldInJsonWhoseFaultItIs() {
    assertThat(run("build", "--progress=json", "--from=oci:/nowhere", "--name=x")).isEqualTo(1);

    assertThat(out.toString())
        .isEqualTo("{\"error\":\"there is no directory /nowhere\",\"blame\":\"USER\"}\n");
  }

  @Test
  void aRecipesDigestIsKnownWithoutBuilding() {
    assertThat(run("resolve", "recipe:busybox")).isZero();

    assertThat(out.toString()).matches("sha256:[0-9a-f]{64}\n");
  }

  @Test
  void whatIsNotHereIsOneClearLine() {
    for (String[] arguments :
        new String[][] {
          {"inspect", "debian:13"},
          {"inspect", "sha256:12"},
          {"verify", "debian:13"},
          {"rm", "debian:13"},
          {"build", "--recipe", "debian:13"},
        }) {
      err.getBuffer().setLength(0);
      assertThat(run(arguments)).isEqualTo(1);
      assertThat(err.toString()).startsWith("image: ").hasLineCount(1);
    }
  }

  @Test
  void wrongUsageHasItsOwnExitCode() {
    assertThat(run("build", "--colour")).isEqualTo(2);
    assertThat(run("melt")).isEqualTo(2);
    assertThat(run()).isEqualTo(2);
  }

  private int run(String... arguments) {
    CommandLine commandLine =
        Main.commandLine(new Main(Map.of("MAYFLY_HOME", home.toString())))
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err));
    return commandLine.execute(arguments);
  }
}
