package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.LogStream;
import dev.mayfly.client.fake.FakeOrchestrator;
import dev.mayfly.client.fake.FakeOrchestrator.Script;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The command as a process of its own: exit codes, signals, pipes, locales, memory. */
@Timeout(90)
class MainIT {
  @TempDir Path directory;
  private final List<Process> started = new ArrayList<>();
  private Script script = job -> job.exits(0);
  private final FakeOrchestrator fake;

  MainIT() throws IOException {
    fake = new FakeOrchestrator(job -> script.live(job));
  }

  @AfterEach
  void stop() {
    started.forEach(Process::destroyForcibly);
    fake.close();
  }

  @Test
  void theExitCodeIsTheJobsAndStreamsStayApart() throws Exception {
    script =
        job -> {
          job.writes(LogStream.STDOUT, new byte[] {0, (byte) 0xff, '\r', '\n', (byte) 0x80});
          job.writes(LogStream.STDERR, new byte[] {(byte) 0xfe, 27});
          job.exits(42);
        };
    Process process = start(mayfly("run", "--image", "debian:12", "--", "x"));
    assertThat(exitOf(process)).isEqualTo(42);
    assertThat(Files.readAllBytes(directory.resolve("out")))
        .containsExactly(0, 0xff, '\r', '\n', 0x80);
    assertThat(Files.readAllBytes(directory.resolve("err"))).containsExactly(0xfe, 27);
  }

  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM", "HUP"})
  void aSignalCancelsTheJobAndWaitsForItsEnd(String signal) throws Exception {
    script =
        job -> {
          job.writes(LogStream.STDOUT, "working\n");
          job.awaitCancelRequest(30);
          job.writes(LogStream.STDOUT, "cleaned\n");
          job.isCancelled();
        };
    Process process = start(mayfly("run", "--image", "debian:12", "--", "x"));
    awaitText("out", "working");
    kill(signal, process);
    assertThat(exitOf(process)).isEqualTo(130);
    assertThat(text("out")).isEqualTo("working\ncleaned\n");
    assertThat(text("err")).startsWith("mayfly: cancelling job ").hasLineCount(1);
    assertThat(fake.jobs().get(0).cancelRequested()).isTrue();
  }

  @Test
  void aSecondSignalGivesUpWaiting() throws Exception {
    script =
        job -> {
          job.writes(LogStream.STDOUT, "working\n");
          Thread.sleep(60_000);
        };
    Process process = start(mayfly("run", "--image", "debian:12", "--", "x"));
    awaitText("out", "working");
    kill("INT", process);
    awaitText("err", "cancelling");
    kill("INT", process);
    assertThat(exitOf(process)).isEqualTo(130);
  }

  @Test
  void headEndsTheJobQuietly() throws Exception {
    script =
        job -> {
          for (int i = 0; i < 1000 && !job.cancelRequested(); i++) {
            job.writes(LogStream.STDOUT, "line\n".repeat(1000));
            Thread.sleep(10);
          }
          job.isCancelled();
        };
    Process process =
        start(
            List.of("bash", "-c", "\"$@\" | head -n 2; exit ${PIPESTATUS[0]}", "bash"),
            mayfly("run", "--image", "debian:12", "--", "yes"));
    assertThat(exitOf(process)).isEqualTo(141);
    assertThat(text("out")).isEqualTo("line\nline\n");
    assertThat(text("err")).isEmpty();
    assertThat(fake.jobs().get(0).cancelRequested()).isTrue();
  }

  @Test
  void aFullDiskIsOneLine() throws Exception {
    script =
        job -> {
          job.writes(LogStream.STDOUT, "x");
          job.awaitCancelRequest(30);
          job.isCancelled();
        };
    Process process =
        start(
            List.of("bash", "-c", "\"$@\" > /dev/full", "bash"),
            mayfly("run", "--image", "debian:12", "--", "x"));
    assertThat(exitOf(process)).isEqualTo(125);
    assertThat(text("err")).isEqualTo("mayfly: cannot write the output: No space left on device\n");
  }

  @Test
  void argumentsAndEnvironmentSurviveTheLocaleC() throws Exception {
    // From a file, as this JVM may itself run in the locale C and could not pass them on.
    Path commands = directory.resolve("commands");
    Files.writeString(
        commands,
        "export LC_ALL=C NAME=ä; exec "
            + String.join(" ", mayfly().stream().map(word -> "'" + word + "'").toList())
            + " run --image debian:12 -e NAME -e K=ö -- ü '' 🪰\n");
    Process process = start(List.of("bash", commands.toString()));
    assertThat(exitOf(process)).isZero();
    assertThat(fake.jobs().get(0).request().command()).containsExactly("ü", "", "🪰");
    assertThat(fake.jobs().get(0).request().environment())
        .containsEntry("NAME", "ä")
        .containsEntry("K", "ö");
  }

  @Test
  void fiftyMegabytesArriveWholeInLittleMemory() throws Exception {
    MessageDigest expected = MessageDigest.getInstance("SHA-256");
    Random random = new Random(5);
    script =
        job -> {
          byte[] chunk = new byte[65536];
          for (int i = 0; i < 800; i++) {
            random.nextBytes(chunk);
            expected.update(chunk);
            job.writes(LogStream.STDOUT, chunk);
          }
          job.exits(0);
        };
    List<String> command = new ArrayList<>(mayfly("run", "--image", "debian:12", "--", "x"));
    command.add(1, "-Xmx24m");
    Process process = start(command);
    assertThat(exitOf(process)).isZero();
    byte[] got = Files.readAllBytes(directory.resolve("out"));
    assertThat(got).hasSize(800 * 65536);
    assertThat(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(got)))
        .isEqualTo(HexFormat.of().formatHex(expected.digest()));
  }

  @Test
  void wrongUsageAndAnAbsentOrchestratorHaveTheirCodes() throws Exception {
    assertThat(exitOf(start(mayfly("run", "--nonsense")))).isEqualTo(2);
    fake.stop();
    assertThat(exitOf(start(mayfly("ps")))).isEqualTo(121);
    assertThat(text("err")).contains("connection refused; is it running?").hasLineCount(1);
  }

  @Test
  void theVersionIsPrinted() throws Exception {
    assertThat(exitOf(start(mayfly("--version")))).isZero();
    assertThat(text("out")).startsWith("mayfly ");
  }

  private static List<String> mayfly(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.mayfly.cli.Main"));
    command.addAll(List.of(arguments));
    return command;
  }

  private Process start(List<String> before, List<String> command) throws IOException {
    List<String> all = new ArrayList<>(before);
    all.addAll(command);
    return start(all);
  }

  private Process start(List<String> command) throws IOException {
    Process process = builder(command).start();
    started.add(process);
    return process;
  }

  private ProcessBuilder builder(List<String> command) {
    // A shell starts what runs in its background with SIGINT ignored, and that is inherited.
    List<String> whole = new ArrayList<>(List.of("env", "--default-signal=INT"));
    whole.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(whole);
    builder.redirectOutput(directory.resolve("out").toFile());
    builder.redirectError(directory.resolve("err").toFile());
    builder.redirectInput(new File("/dev/null"));
    builder.environment().keySet().removeIf(name -> name.startsWith("JAVA_TOOL"));
    builder.environment().keySet().removeIf(name -> name.startsWith("JDK_JAVA"));
    builder.environment().put("MAYFLY_URL", fake.url());
    builder.environment().put("MAYFLY_TOKEN", FakeOrchestrator.TOKEN);
    return builder;
  }

  private static int exitOf(Process process) throws InterruptedException {
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  private static void kill(String signal, Process process) throws Exception {
    // The shell's own kill: the program of that name is not on every Debian.
    new ProcessBuilder("sh", "-c", "kill -" + signal + " " + process.pid()).start().waitFor();
  }

  private String text(String file) throws IOException {
    return Files.readString(directory.resolve(file), StandardCharsets.UTF_8);
  }

  private void awaitText(String file, String wanted) {
    await().atMost(Duration.ofSeconds(30)).until(() -> text(file).contains(wanted));
  }
}
