package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.image.builder.Commands.Command;
import dev.mayfly.image.builder.Commands.Ended;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs real programs. */
class CommandsIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir Path directory;
  private final Commands commands =
      new Commands(Map.of("PATH", "/usr/bin:/bin", "SECRET", "s3cret", "http_proxy", "http://p/"));

  @Test
  void exitCodeOutputAndErrorsAreSeen() throws Exception {
    List<String> lines = Collections.synchronizedList(new ArrayList<>());
    StringBuilder out = new StringBuilder();

    Ended ended =
        commands.run(
            shell("cat; echo one >&2; echo two >&2; exit 3", "input"),
            in -> out.append(new String(in.readAllBytes(), StandardCharsets.UTF_8)),
            lines::add);

    assertThat(ended.exitCode()).isEqualTo(3);
    assertThat(out).hasToString("input");
    assertThat(ended.lastLines()).containsExactly("one", "two");
    assertThat(lines).containsExactly("one", "two");
  }

  @Test
  void onlyTheEnvironmentThatMattersIsHandedOn() throws Exception {
    StringBuilder out = new StringBuilder();

    commands.mustRun(
        shell("umask; env", ""),
        in -> out.append(new String(in.readAllBytes(), StandardCharsets.UTF_8)),
        line -> {});

    assertThat(out.toString())
        .startsWith("0022\n")
        .contains("http_proxy=http://p/")
        .contains("TZ=UTC")
        .doesNotContain("SECRET");
  }

  @Test
  void outputThatIsNotTakenDoesNotBlockTheProgram() throws Exception {
    assertThat(
            commands
                .run(shell("head -c 1000000 /dev/zero; exit 4", ""), in -> in.read(), line -> {})
                .exitCode())
        .isEqualTo(4);
  }

  @Test
  void outputThatCannotBeTakenIsAFailure() {
    assertThatThrownBy(() ->
            commands.run(
                shell("echo", ""),
                in -> {
                  throw new IOException("No space left on device");
                },
                line -> {}))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("the disk is full; free some space");
  }

  @Test
  void aFailureShowsTheLastLines() {
    assertThatThrownBy(
            () -> commands.mustRun(shell("echo why >&2; exit 5", ""), in -> in.read(), line -> {}))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("5")
        .hasMessageContaining("why");
  }

  @Test
  void anInterruptLetsTheProgramCleanUpAndKillsWhatItLeaves() throws Exception {
    Path cleaned = directory.resolve("cleaned");
    CountDownLatch running = new CountDownLatch(1);
    List<String> pids = Collections.synchronizedList(new ArrayList<>());
    AtomicReference<Throwable> end = new AtomicReference<>();
    // As mmdebstrap does it: the parent waits for its child, and cleans up when that has ended.
    String program =
        "$SIG{TERM} = sub {}; if (!($child = fork)) { exec 'sleep', '600' } $| = 1;"
            + " print STDERR \"$child\\n\"; 1 while waitpid($child, 0) < 0; open F, '>', '"
            + cleaned
            + "'; print F 'yes'";
    Thread build =
        Thread.ofPlatform()
            .start(() -> {
              try {
                commands.run(
                    new Command(List.of("perl", "-e", program), Map.of(), ""),
                    in -> in.read(),
                    line -> {
                      pids.add(line);
                      running.countDown();
                    });
              } catch (BuildException | InterruptedException e) {
                end.set(e);
              }
            });
    assertThat(running.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();

    build.interrupt();

    assertThat(build.join(PATIENCE)).isTrue();
    assertThat(end.get()).isInstanceOf(InterruptedException.class);
    assertThat(cleaned).hasContent("yes");
    ProcessHandle.of(Long.parseLong(pids.getFirst()))
        .ifPresent(left -> left.onExit().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join());
  }

  @Test
  void aShellThatIsInterruptedEndsAfterItsCommandAndCleansUp() throws Exception {
    Path cleaned = directory.resolve("cleaned");
    CountDownLatch running = new CountDownLatch(1);
    Thread build =
        Thread.ofPlatform()
            .start(() -> {
              try {
                commands.run(
                    shell("perl -e 'print STDERR \"on\\n\"; sleep 600'; echo yes > " + cleaned, ""),
                    in -> in.read(),
                    line -> running.countDown());
              } catch (BuildException | InterruptedException expected) {
                Thread.currentThread().interrupt();
              }
            });
    assertThat(running.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();

    build.interrupt();

    assertThat(build.join(PATIENCE)).isTrue();
    assertThat(cleaned).hasContent("yes");
  }

  @Test
  void aToolThatIsMissingIsNamedWithItsPackage() throws Exception {
    Files.copy(Path.of("/bin/sh"), directory.resolve("tar"));

    assertThatThrownBy(
            () -> Tool.require(directory.toString(), List.of(Tool.TAR, Tool.MKFS_EROFS, Tool.APT)))
        .isInstanceOf(BuildException.class)
        .hasMessage(
            "missing on this machine: mkfs.erofs, apt-get; install with: apt-get install erofs-utils"
                + " apt");
  }

  private static Command shell(String script, String input) {
    return new Command(List.of("sh", "-c", script), Map.of(), input);
  }
}
