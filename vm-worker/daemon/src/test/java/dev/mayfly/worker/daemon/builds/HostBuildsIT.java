package dev.mayfly.worker.daemon.builds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.Blame;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.daemon.builds.ImageBuilds.BuilderStep;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With a real process in the place of the image builder's. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class HostBuildsIT {
  private static final String ID = "11111111-2222-4333-8444-555555555555";

  @TempDir Path root;
  private final KeptBundles target = new KeptBundles();
  private final List<BuilderStep> steps = new CopyOnWriteArrayList<>();
  private final List<Sha256> taken = new CopyOnWriteArrayList<>();
  private HostBuilds builds;

  @BeforeEach
  void make() throws Exception {
    builds =
        new HostBuilds(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                ScriptedBuilder.class.getName()),
            root.resolve("build"),
            Map.of(
                "PATH", System.getenv("PATH"),
                "HOME", "/root",
                "MAYFLY_TOKEN", "secret",
                "https_proxy", "http://proxy.test"),
            target,
            2,
            (images, bundle) -> {
              assertThat(BundleStore.open(images).find(bundle)).isPresent();
              taken.add(bundle);
            });
  }

  private BuildOutcome build(String image, Duration limit, Optional<Sha256> unless)
      throws InterruptedException {
    return builds.run(
        new BuildRequest(ID, image, "registry:docker.io/library/x:1", "minimal", limit, unless),
        steps::add);
  }

  private BuildOutcome build(String image) throws InterruptedException {
    return build(image, Duration.ofMinutes(1), Optional.empty());
  }

  @Test
  void aBundleThatWasBuiltIsHandedOverAndDoesNotStay() throws Exception {
    target.fail(3);
    var outcome = build("debian:12");

    assertThat(outcome).isInstanceOf(BuildOutcome.Succeeded.class);
    var digest = ((BuildOutcome.Succeeded) outcome).bundle();
    assertThat(target.bundles()).containsOnlyKeys(digest);
    assertThat(target.blobs()).hasSize(4);
    assertThat(taken).containsExactly(digest);
    assertThat(steps)
        .contains(
            new BuilderStep("Fetching registry:docker.io/library/x:1", "", false),
            new BuilderStep(
                "build --progress=json --home="
                    + root.resolve("build")
                    + " --name=debian:12 --from=registry:docker.io/library/x:1 --refresh"
                    + " --kernel=minimal",
                "",
                true),
            new BuilderStep("handing the image over", "", true));
    var store = BundleStore.open(root.resolve("build/images"));
    assertThat(store.list()).isEmpty();
    assertThat(store.blobs().list()).isEmpty();
  }

  @Test
  void theBuilderHearsNothingOfTheWorkersSecretsAndClosesItsFiles() throws Exception {
    build("tells");
    var told =
        steps.stream().filter(step -> step.step().equals("environment")).findFirst().orElseThrow();
    assertThat(told.detail().split(" "))
        .contains("HOME", "PATH", "LC_ALL", "MAYFLY_HOME", "TMPDIR", "https_proxy")
        .doesNotContain("MAYFLY_TOKEN");
    assertThat(Files.getPosixFilePermissions(root.resolve("build/images")))
        .allMatch(permission -> permission.name().startsWith("OWNER"));
  }

  @Test
  void whatTheBuilderSaysOfItsFailureIsPassedOn() throws Exception {
    assertThat(build("fails")).isEqualTo(new BuildOutcome.Failed(Blame.USER, "no such tag"));
    assertThat(build("crashes"))
        .isInstanceOfSatisfying(
            BuildOutcome.Failed.class,
            failed -> {
              assertThat(failed.blame()).isEqualTo(Blame.PLATFORM);
              assertThat(failed.reason()).contains("code 3").contains("out of disk");
            });
    assertThat(target.bundles()).isEmpty();
  }

  @Test
  void aSourceThatHasNotChangedIsNotBuiltAgain() throws Exception {
    var same = Sha256.parse("sha256:" + "5".repeat(64));
    assertThat(build("debian:12", Duration.ofMinutes(1), Optional.of(same)))
        .isEqualTo(new BuildOutcome.Unchanged());
    assertThat(build("debian:12", Duration.ofMinutes(1), Optional.of(Sha256.of(new byte[] {1}))))
        .isInstanceOf(BuildOutcome.Succeeded.class);
  }

  @Test
  void aBuildThatTakesTooLongIsEnded() throws Exception {
    var outcome = build("hangs", Duration.ofSeconds(3), Optional.empty());
    assertThat(outcome)
        .isInstanceOfSatisfying(
            BuildOutcome.Failed.class,
            failed -> assertThat(failed.reason()).contains("limit of 3 s"));
    assertThat(root.resolve("build/process")).doesNotExist();
  }

  @Test
  void aBuildThatIsInterruptedLeavesNoProcess() throws Exception {
    var pid = new CompletableFuture<Long>();
    var thread =
        Thread.ofPlatform()
            .start(() ->
                assertThatThrownBy(() -> build("hangs")).isInstanceOf(InterruptedException.class));
    while (steps.stream().noneMatch(step -> step.step().equals("standing still"))) {
      Thread.onSpinWait();
    }
    pid.complete(Long.parseLong(Files.readString(root.resolve("build/process")).split(" ")[0]));
    thread.interrupt();
    thread.join();
    assertThat(ProcessHandle.of(pid.get()).filter(ProcessHandle::isAlive)).isEmpty();
  }

  @Test
  void whatAnEarlierWorkerLeftIsEndedAndRemoved() throws Exception {
    var left = new ProcessBuilder("setsid", "sleep", "600").start();
    try {
      var ticks = Files.readString(Path.of("/proc/" + left.pid() + "/stat"));
      var start = ticks.substring(ticks.lastIndexOf(')') + 2).split(" ")[19];
      Files.writeString(root.resolve("build/process"), left.pid() + " " + start + "\n");
      Files.createDirectories(root.resolve("build/tmp/half"));
      builds.removeLeftovers();
      assertThat(left.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(root.resolve("build/tmp")).doesNotExist();
      assertThat(root.resolve("build/process")).doesNotExist();
    } finally {
      left.destroyForcibly();
    }
  }
}
