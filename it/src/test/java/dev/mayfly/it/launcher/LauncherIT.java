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
