package dev.mayfly.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The parts of {@code ./mayfly} that decide something: which JDK, which packages, what it refuses.
 */
class LauncherIT {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @TempDir Path directory;

  @Test
  void theFirstJdkOf25OrNewerIsTakenWhateverTheDefaultIs() throws Exception {
    jdk("a-17", "17.0.15");
    Path wanted = jdk("b-25", "25.0.3");
    jdk("c-26", "26");

    assertThat(findJdk().output()).isEqualTo(wanted.toString());
  }

  @Test
  void aRuntimeWithoutACompilerIsNotAJdk() throws Exception {
    Path runtime = jdk("jre-25", "25.0.3");
    Files.delete(runtime.resolve("bin/javac"));

    assertThat(findJdk().code()).isEqualTo(3);
    assertThat(findJdk().output()).contains("no JDK 25 or newer found").contains("JAVA_HOME");
  }

  @Test
  void aJdkWhoseReleaseFileIsRubbishIsPassedOver() throws Exception {
    Files.writeString(jdk("bad", "25").resolve("release"), "JAVA_VERSION=25\nrubbish");
    Path good = jdk("good", "27-ea");

    assertThat(findJdk().output()).isEqualTo(good.toString());
  }

  @Test
  void missingPackagesAreNamedOnceEach() throws Exception {
    Finished found =
        bash(
            ". ops/launcher/packages.sh; missing_packages 'bash bash\nno-such-command package-a\n/no/such/file package-b\nno-such-too package-a'");

    assertThat(found.output()).isEqualTo("package-a\npackage-b");
  }

  @Test
  void anUnknownCommandIsOneClearLine() throws Exception {
    Finished finished = bash("./mayfly frobnicate");

    assertThat(finished.code()).isEqualTo(2);
    assertThat(finished.output())
        .isEqualTo("mayfly: there is no command 'frobnicate'; ./mayfly help lists them");
  }

  /** The builder and the client stand in as words, as only the way to them is in question. */
  @ParameterizedTest
  @CsvSource({
    "image ls --json, client image ls --json",
    "image ls --local --sizes, builder ls --sizes",
    "image ls --plain, builder ls --plain",
    "image inspect --local debian:12, builder inspect debian:12",
    "image gc, client image gc",
    "image history debian:12, client image history debian:12",
    "image push node localhost:5000/node:1, builder push node localhost:5000/node:1",
    "image key new /tmp/key, builder key new /tmp/key",
    "image frobnicate, die 2 there is no command 'image frobnicate'; ./mayfly image help lists them",
  })
  void anImageCommandGoesToWhomItIsAbout(String command, String expected) throws Exception {
    Finished finished =
        bash(
            "client() { echo client \"$@\"; exit; }; ensure_packages() { :; }; ensure_built() { :; };"
                + " RUN_NEEDS=; builder_command() { COMMAND=(echo builder); };"
                + " die() { echo die \"$@\"; exit; }; . ops/launcher/image.sh; exec() { \"$@\"; }; "
                + command);

    assertThat(finished.output()).isEqualTo(expected);
  }

  @Test
  void aBuildIsPublishedOnlyWhereAnOrchestratorAnswers() throws Exception {
    String standIns =
        "MAYFLY_HOME='"
            + directory
            + "'; RUN_NEEDS=; ensure_packages() { :; }; ensure_built() { :; };"
            + " . ops/launcher/common.sh; . ops/launcher/image.sh;"
            + " build() { echo node >\"${!#}\"; echo built; };"
            + " builder_command() { COMMAND=(builder); }; builder() { build \"$@\"; };"
            + " client_command() { COMMAND=(orchestrator); };";
    assertThat(bash(standIns + " orchestrator() { echo \"$@\"; }; image build node").output())
        .isEqualTo("built\nimage publish node");
    assertThat(bash(standIns + " orchestrator() { return 121; }; image build node").output())
        .startsWith("built\nnode is only on this machine, as no orchestrator answers");
    assertThat(bash(standIns + " build() { return 1; }; image build node").code()).isEqualTo(1);
  }

  /** The setting is words separated by spaces. */
  @Test
  void aBuilderWithASpaceInItsPathIsNotToldToTheWorker() throws Exception {
    String tell =
        "MAYFLY_HOME=/h; . ops/launcher/common.sh; . ops/launcher/services.sh;"
            + " builder_command() { COMMAND=(%s); }; tell_builder;"
            + " echo \"told: ${MAYFLY_WORKER_BUILDER:-nothing}\"";
    assertThat(bash(tell.formatted("/jdk/bin/java -jar /h/builder.jar")).output())
        .isEqualTo("told: /jdk/bin/java -jar /h/builder.jar");
    assertThat(bash(tell.formatted("/jdk/bin/java -jar '/my home/builder.jar'")).output())
        .contains("this worker builds no images")
        .endsWith("told: nothing");
  }

  @Test
  void resetRemovesOnlyADirectoryThatIsOurs() throws Exception {
    Path stranger = Files.createDirectory(directory.resolve("stranger"));
    Files.writeString(stranger.resolve("precious"), "x");

    Finished refused = bash("MAYFLY_HOME='" + stranger + "' ./mayfly reset --yes");
    assertThat(refused.code()).isEqualTo(1);
    assertThat(stranger.resolve("precious")).exists();

    Files.createFile(stranger.resolve(".mayfly-home"));
    assertThat(bash("MAYFLY_HOME='" + stranger + "' ./mayfly reset --yes").code()).isZero();
    assertThat(stranger).doesNotExist();
  }

  @Test
  void aHomeTooLongForTheSocketsBeneathItIsRefusedAtOnce() throws Exception {
    Finished finished = bash("MAYFLY_HOME='" + directory + "/" + "x".repeat(60) + "' ./mayfly up");

    assertThat(finished.code()).isEqualTo(1);
    assertThat(finished.output()).contains("at most 53 bytes");
  }

  @Test
  void theClientSaysWhatToDoWhenNothingIsBuilt() throws Exception {
    Finished finished = bash("MAYFLY_HOME='" + directory.resolve("none") + "' ./mayfly ps");

    assertThat(finished.code()).isEqualTo(1);
    assertThat(finished.output()).isEqualTo("mayfly: Mayfly is not built yet: run ./mayfly up");
  }

  @Test
  void aFailingStepShowsItsLastLinesAndWhereTheRestIs() throws Exception {
    Finished finished =
        bash(
            "MAYFLY_HOME='"
                + directory
                + "'; . ops/launcher/common.sh; step 'Trying' bash -c 'echo the reason; exit 9'");

    assertThat(finished.code()).isEqualTo(1);
    assertThat(finished.output())
        .contains("'Trying' failed with exit code 9")
        .contains("the reason")
        .contains("setup.log");
  }

  private Path jdk(String name, String version) throws IOException {
    Path home = Files.createDirectories(directory.resolve(name));
    Files.createDirectories(home.resolve("bin"));
    Path javac =
        Files.createFile(
            home.resolve("bin/javac"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    assertThat(javac).isExecutable();
    Files.writeString(
        home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
    return home;
  }

  private Finished findJdk() throws Exception {
    return bash(
        "unset JAVA_HOME; MAYFLY_HOME=/nonexistent; MAYFLY_JDK_DIRECTORIES='"
            + directory
            + "/*'; . ops/launcher/common.sh; . ops/launcher/jdk.sh; javac() { :; }; command() { return 1; }; require_jdk; echo \"$JAVA_HOME\"");
  }

  private record Finished(int code, String output) {}

  private static Finished bash(String script) throws Exception {
    List<String> command = new ArrayList<>(List.of("bash", "-uc", script));
    Process process =
        new ProcessBuilder(command).directory(ROOT.toFile()).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Finished(process.waitFor(), output.strip());
  }
}
