package dev.mayfly.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.client.JobFilter;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.it.scenario.MayflySystem.Finished;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A session in a real microVM, through the mayfly command. */
class SessionIT {
  private static final Duration SOON = Duration.ofSeconds(120);
  private static MayflySystem system;

  @BeforeAll
  static void start() throws Exception {
    system = MayflySystem.start();
  }

  @AfterAll
  static void stop() throws Exception {
    system.close();
  }

  /** What a test left behind when it failed must not hold the room of the next one. */
  @AfterEach
  void endWhatIsLeft() throws Exception {
    for (JobView job : system.client().jobs(new JobFilter(null, null, null, 20, null)).items()) {
      if (!job.state().equals("FINISHED")) {
        system.mayfly("cancel", "--wait", job.id());
      }
    }
  }

  @Test
  void aFrontEndWorksInItsMicroVmUntilItReleasesIt() throws Exception {
    String id = session();

    assertThat(exec(id, "echo here; echo there >&2; exit 5"))
        .satisfies(ended -> {
          assertThat(ended.code()).as(ended.toString()).isEqualTo(5);
          assertThat(ended.text()).isEqualTo("here\n");
          assertThat(ended.stderr()).contains("there");
        });
    assertThat(exec(id, "echo kept > /var/kept").code()).isZero();
    assertThat(exec(id, "cat /var/kept").text()).isEqualTo("kept\n");

    Finished released = system.mayfly("session", "release", id, "--exit-code", "3");
    assertThat(released.code()).as(released.toString()).isZero();
    await().atMost(SOON).until(() -> system.job(id).state().equals("FINISHED"));
    assertThat(outcome(id).exitCode()).isEqualTo(3);
    await()
        .atMost(SOON)
        .untilAsserted(() -> {
          assertThat(system.strayProcesses()).isEmpty();
          assertThat(system.microVmDirectories()).isEmpty();
        });
  }

  @Test
  void whatIsTypedReachesTheCommandAndComesBackUnchanged() throws Exception {
    String id = session();
    byte[] typed = new byte[300_000];
    new java.util.Random(7).nextBytes(typed);

    Process process = system.startMayfly("exec", "-i", id, "--", "cat");
    Thread typing =
        Thread.ofVirtual()
            .start(() -> {
              try (var stdin = process.getOutputStream()) {
                stdin.write(typed);
              } catch (java.io.IOException gone) {
                throw new java.io.UncheckedIOException(gone);
              }
            });
    byte[] back = process.getInputStream().readAllBytes();
    typing.join();

    assertThat(process.waitFor()).isZero();
    assertThat(back).isEqualTo(typed);
    release(id);
  }

  @Test
  void filesGoInAndComeOutAsTheyWere() throws Exception {
    String id = session();
    Path tree = Files.createTempDirectory(system.home().resolve("tmp"), "tree");
    Files.writeString(Files.createDirectory(tree.resolve("sub")).resolve("ä ö"), "ü\n");
    byte[] large = new byte[3_000_000];
    new java.util.Random(3).nextBytes(large);
    Files.write(tree.resolve("large"), large);
    Path archive = system.home().resolve("tmp/tree.tar");
    run("tar", "-cf", archive.toString(), "-C", tree.toString(), ".");

    Process upload =
        system.startMayfly(
            ProcessBuilder.Redirect.from(archive.toFile()), "upload", id, "/data/in");
    assertThat(new String(upload.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEmpty();
    assertThat(upload.waitFor()).isZero();
    assertThat(exec(id, "cat '/data/in/sub/ä ö'; wc -c < /data/in/large").text())
        .isEqualTo("ü\n3000000\n");

    Finished download = system.mayfly("download", id, "/data/in/large");
    assertThat(download.code()).as(download.stderr()).isZero();
    Path back = Files.createTempDirectory(system.home().resolve("tmp"), "back");
    Path fetched = Files.write(back.resolve("fetched.tar"), download.stdout());
    run("tar", "-xf", fetched.toString(), "-C", back.toString());
    assertThat(Files.readAllBytes(back.resolve("large"))).isEqualTo(large);
    release(id);
  }

  @Test
  void aSecretNeverReachesTheLog() throws Exception {
    Path secret = Files.writeString(system.home().resolve("tmp/secret"), "hunter2-hunter3\n");
    Finished ran =
        system.mayfly(
            "run",
            "--image",
            Images.DEBIAN,
            "--secret",
            "PASSWORD=@" + secret,
            "--",
            "sh",
            "-c",
            "echo \"whole $PASSWORD.\"; printf 'split hunter2-'; sleep 1; echo hunter3");
    assertThat(ran.code()).as(ran.toString()).isZero();
    assertThat(ran.text()).isEqualTo("whole ***.\nsplit ***\n");
  }

  @Test
  void aSessionOutlivesTheCrashOfItsWorkerProcess() throws Exception {
    String id = session();
    Process counting =
        system.startMayfly(
            "exec",
            id,
            "--",
            "sh",
            "-c",
            "i=0; while [ $i -lt 60 ]; do echo $i; i=$((i+1)); sleep 0.5; done; exit 4");
    MayflyClient client = system.client();
    await()
        .atMost(SOON)
        .until(() ->
            client.log(JobId.parse(id), Set.of(LogStream.STDOUT), null, 1 << 16).bytes().length
                > 10);

    system.killWorker();
    system.startWorker();

    String printed = new String(counting.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(counting.waitFor()).isEqualTo(4);
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      expected.append(i).append('\n');
    }
    assertThat(printed).isEqualTo(expected.toString());
    assertThat(exec(id, "echo still").text()).isEqualTo("still\n");
    release(id);
  }

  private static String session() throws Exception {
    Finished started =
        system.mayfly("session", "start", "--image", Images.DEBIAN, "--memory", "256M");
    assertThat(started.code()).as(started.toString()).isZero();
    String id = started.text().strip();
    await()
        .atMost(SOON)
        .until(() ->
            system.job(id).phases().stream().anyMatch(phase -> phase.phase().equals("READY")));
    return id;
  }

  private static Finished exec(String id, String script) throws Exception {
    return system.mayfly("exec", id, "--", "sh", "-c", script);
  }

  private static void release(String id) throws Exception {
    assertThat(system.mayfly("session", "release", id).code()).isZero();
    await().atMost(SOON).until(() -> system.job(id).state().equals("FINISHED"));
  }

  private static OutcomeView outcome(String id) throws Exception {
    JobView job = system.job(id);
    return Objects.requireNonNull(job.outcome(), job::toString);
  }

  private static void run(String... command) throws Exception {
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
  }
}
