package dev.mayfly.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.rest.PhaseView;
import dev.mayfly.it.scenario.MayflySystem.Finished;
import java.io.InputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Jobs of every kind, each in a real microVM, through the command a user types. */
class FirstJobIT {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static MayflySystem system;

  @BeforeAll
  static void start() throws Exception {
    system = MayflySystem.start();
  }

  @AfterAll
  static void stop() throws Exception {
    if (system != null) {
      System.out.println(system.logs());
      system.close();
    }
  }

  @AfterEach
  void nothingIsLeftBehind() {
    await()
        .atMost(SOON)
        .untilAsserted(() -> {
          assertThat(system.strayProcesses()).isEmpty();
          assertThat(system.microVmDirectories()).isEmpty();
        });
  }

  @Test
  void aJobRunsOnItsOwnKernelAndItsExitCodeComesBack() throws Exception {
    Finished job =
        system.run("uname -r; cat /proc/uptime >/dev/null && echo up; echo oops >&2; exit 3");

    assertThat(job.code()).as(job.toString()).isEqualTo(3);
    assertThat(job.text().lines().toList())
        .hasSize(2)
        .element(0)
        .asString()
        .contains("cloud-amd64");
    assertThat(job.text()).doesNotContain(System.getProperty("os.version"));
    assertThat(job.stderr().lines().toList()).contains("oops");
  }

  @Test
  void environmentDirectoryAndTimingsAreWhatWasAskedFor() throws Exception {
    Finished job =
        system.mayfly(
            "run",
            "--image",
            Images.DEBIAN,
            "--env",
            "GREETING=hei på deg",
            "--workdir",
            "/srv/here",
            "--timings",
            "--",
            "sh",
            "-c",
            "echo \"$GREETING\"; pwd; hostname; id -u");

    assertThat(job.code()).as(job.toString()).isZero();
    assertThat(job.text().lines().toList())
        .startsWith("hei på deg", "/srv/here")
        .hasSize(4)
        .endsWith("0");
    assertThat(job.stderr())
        .containsSubsequence(
            "queued", "placed", "prepared", "booted", "ready", "executing", "ended", "destroyed");
  }

  @Test
  void theApiTellsEveryPhaseInOrder() throws Exception {
    Finished job = system.mayfly("run", "--image", Images.DEBIAN, "--detach", "--", "true");
    String id = job.text().strip();
    assertThat(system.mayfly("wait", id).code()).isZero();

    await()
        .atMost(SOON)
        .untilAsserted(() -> {
          List<PhaseView> phases = system.job(id).phases();
          assertThat(phases)
              .extracting(PhaseView::phase)
              .containsExactly(
                  "QUEUED",
                  "PLACED",
                  "PREPARED",
                  "BOOTED",
                  "READY",
                  "EXECUTING",
                  "ENDED",
                  "DESTROYED");
          assertThat(phases).extracting(PhaseView::micros).isSorted();
        });
  }

  @Test
  void tenJobsOneAfterAnotherAllEndWell() throws Exception {
    for (int i = 0; i < 10; i++) {
      Finished job = system.run("echo job " + i);
      assertThat(job.code()).as(job.toString()).isZero();
      assertThat(job.text()).isEqualTo("job " + i + "\n");
    }
  }

  @Test
  void twoJobsAtOnceDoNotSeeEachOther() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<Finished> one = () -> system.run("echo one >/tmp/mine; sleep 3; cat /tmp/*");
      Callable<Finished> two = () -> system.run("echo two >/tmp/mine; sleep 3; cat /tmp/*");
      List<Future<Finished>> both = threads.invokeAll(List.of(one, two));
      assertThat(both.get(0).get().text()).isEqualTo("one\n");
      assertThat(both.get(1).get().text()).isEqualTo("two\n");
    }
  }

  @Test
  void fiftyMegabytesArriveWholeAndUnchanged() throws Exception {
    int size = 50_000_000;
    Process process =
        system.startMayfly(
            "run",
            "--image",
            Images.DEBIAN,
            "--",
            "sh",
            "-c",
            "head -c "
                + size
                + " /dev/zero | tr '\\0' 'x' | sed 's/x\\{99\\}/&\\n/g' | tee /tmp/sum.in; sha256sum </tmp/sum.in >&2");
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    long bytes = 0;
    try (Collector errors = new Collector(process.getErrorStream());
        InputStream output = process.getInputStream()) {
      byte[] buffer = new byte[65536];
      for (int n = output.read(buffer); n >= 0; n = output.read(buffer)) {
        digest.update(buffer, 0, n);
        bytes += n;
      }
      assertThat(process.waitFor()).isZero();
      assertThat(bytes).isGreaterThan(size);
      assertThat(errors.text()).contains(HexFormat.of().formatHex(digest.digest()));
    }
  }

  @Test
  void binaryRubbishArrivesAsItWas() throws Exception {
    Finished job =
        system.run("head -c 300000 /dev/urandom | tee /tmp/rubbish; sha256sum </tmp/rubbish >&2");

    String digest =
        HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(job.stdout()));
    assertThat(job.code()).isZero();
    assertThat(job.stdout()).hasSize(300000);
    assertThat(job.stderr()).contains(digest);
  }

  @Test
  void aJobThatClosesItsOutputStillEndsWithItsOwnCode() throws Exception {
    assertThat(system.run("exec >&- 2>&-; sleep 1; exit 5").code()).isEqualTo(5);
  }

  @Test
  void aThousandChildrenEndWithTheJob() throws Exception {
    Finished job =
        system.run("i=0; while [ $i -lt 1000 ]; do sleep 600 & i=$((i+1)); done; echo spawned $i");

    assertThat(job.code()).as(job.toString()).isZero();
    assertThat(job.text()).isEqualTo("spawned 1000\n");
  }

  @Test
  void aFullDiskIsNamedAsTheReason() throws Exception {
    Finished job =
        system.mayfly(
            "run",
            "--image",
            Images.DEBIAN,
            "--scratch",
            "128M",
            "--",
            "sh",
            "-c",
            "cat /dev/zero >/workspace/fill");

    assertThat(job.code()).as(job.toString()).isEqualTo(123);
    assertThat(job.stderr()).contains("DISK_FULL");
  }

  @Test
  void exhaustedMemoryIsNamedAsTheReason() throws Exception {
    Finished job =
        system.mayfly(
            "run",
            "--image",
            Images.DEBIAN,
            "--memory",
            "256M",
            "--",
            "sh",
            "-c",
            "tail /dev/zero");

    assertThat(job.code()).as(job.toString()).isEqualTo(123);
    assertThat(job.stderr()).contains("OUT_OF_MEMORY");
  }

  @Test
  void aJobThatRunsTooLongIsEnded() throws Exception {
    Finished job =
        system.mayfly(
            "run",
            "--image",
            Images.DEBIAN,
            "--timeout",
            "3s",
            "--",
            "sh",
            "-c",
            "echo start; sleep 600");

    assertThat(job.code()).as(job.toString()).isEqualTo(124);
    assertThat(job.text()).isEqualTo("start\n");
    assertThat(job.stderr())
        .contains("mayfly: the job ran longer than its limit of 3 s")
        .doesNotContain("mayfly: mayfly:");
  }

  @Test
  void aCommandThatDoesNotExistIsTheUsersFault() throws Exception {
    Finished job = system.mayfly("run", "--image", Images.DEBIAN, "--", "no-such-command");

    assertThat(job.code()).as(job.toString()).isEqualTo(127);
    assertThat(job.stderr()).contains("no-such-command");
  }

  @Test
  void anInterruptCancelsTheJobAndWaitsForItsEnd() throws Exception {
    Process process =
        system.startMayfly(
            "run", "--image", Images.DEBIAN, "--", "sh", "-c", "echo started; sleep 600");
    try (Collector output = new Collector(process.getInputStream());
        Collector errors = new Collector(process.getErrorStream())) {
      await().atMost(SOON).until(() -> output.soFar().contains("started"));
      // The shell's own kill: the program of that name is not on every Debian.
      new ProcessBuilder("sh", "-c", "kill -INT " + process.pid()).start().waitFor();
      assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).as("it ends").isTrue();
      assertThat(process.exitValue()).as(errors.soFar()).isEqualTo(130);
    }
  }

  @Test
  void anImageThatMayNotBeBuiltIsRefusedAtOnce() throws Exception {
    Finished job = system.mayfly("run", "--image", "registry.example/nosuch:1", "--", "true");

    assertThat(job.code()).isEqualTo(120);
    assertThat(job.stderr()).contains("image").contains("registry.example/nosuch:1");
  }
}
