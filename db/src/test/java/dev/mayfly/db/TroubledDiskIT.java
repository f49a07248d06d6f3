package dev.mayfly.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Disks that are full or may not be written. Each is a tmpfs in a mount namespace of the child JVM,
 * so it is gone with that.
 */
class TroubledDiskIT {
  /** Data without a row takes 45 MiB, of which 16 MiB are log. */
  private static final int ENOUGH_FOR_DATA_MIB = 80;

  /** Prepares nothing; the mount itself is told. An ordinary user may not change it later. */
  private static final String READ_ONLY = "true read-only";

  @TempDir Path directory;

  @BeforeEach
  void weMayMount() {
    var probe = Command.run(inNamespace("true", 1), Duration.ofSeconds(30));
    assumeTrue(probe.exit() == 0, "needs a mount namespace: " + probe.output());
  }

  /** A command in a namespace of its own, in which the directory is a small disk. */
  private List<String> inNamespace(String prepare, int mebibytes) {
    var script =
        "mount -t tmpfs -o size=%dm,mode=700%s tmpfs \"$0\" && { %s; } && exec \"$@\""
            .formatted(mebibytes, prepare.equals(READ_ONLY) ? ",ro" : "", prepare);
    return List.of("unshare", "-rm", "sh", "-c", script, directory.toString(), "env");
  }

  private LauncherJvm start(String prepare, int mebibytes, Path binaries) throws Exception {
    return LauncherJvm.start(inNamespace(prepare, mebibytes), directory, binaries);
  }

  @Test
  void aDiskTooFullForTheProgramsIsSaid() throws Exception {
    try (var jvm = start("true", 10, directory)) {
      assertThat(jvm.says())
          .isEqualTo(
              "REFUSED The disk that holds "
                  + directory
                  + " is full; free some space and start again.");
    }
  }

  @Test
  void aDiskTooFullForTheDataIsSaid() throws Exception {
    try (var jvm = start("true", 20, LauncherJvm.binaries())) {
      assertThat(jvm.says()).startsWith("REFUSED The disk that holds " + directory + " is full");
    }
  }

  @Test
  void aDiskThatFilledUpSinceTheLastStartIsSaid() throws Exception {
    var first = new ArrayList<>(jvmWords());
    var script =
        "printf 'close\\n' | %s; dd if=/dev/zero of=\"$0/filler\" bs=64k 2>/dev/null; true"
            .formatted(String.join(" ", first));
    try (var jvm = start(script, ENOUGH_FOR_DATA_MIB, LauncherJvm.binaries())) {
      assertThat(jvm.says()).startsWith("STARTED");
      assertThat(jvm.says()).isEqualTo("CLOSED");
      assertThat(jvm.says()).startsWith("REFUSED The disk that holds " + directory + " is full");
    }
  }

  /** The child JVM as words of a shell script; the paths of a build have no blanks. */
  private List<String> jvmWords() {
    return List.of(
        "'" + Path.of(System.getProperty("java.home"), "bin", "java") + "'",
        "-cp",
        "'" + System.getProperty("java.class.path") + "'",
        "-Dlogback.configurationFile=logback-child.xml",
        LauncherProgram.class.getName(),
        "\"$0\"",
        "'" + LauncherJvm.binaries() + "'");
  }

  @Test
  void aReadOnlyDiskIsSaid() throws Exception {
    try (var jvm = start(READ_ONLY, 10, LauncherJvm.binaries())) {
      assertThat(jvm.says())
          .startsWith("REFUSED ")
          .contains(directory.toString())
          .doesNotContain("Exception");
    }
  }

  @Test
  void noTestLeftAMount() throws Exception {
    assertThat(Files.readString(Path.of("/proc/self/mountinfo")))
        .doesNotContain(directory.toString());
  }
}
