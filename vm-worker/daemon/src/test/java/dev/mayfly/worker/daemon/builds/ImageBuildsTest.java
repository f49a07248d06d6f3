package dev.mayfly.worker.daemon.builds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.Blame;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.core.time.ManualTimers;
import dev.mayfly.worker.daemon.builds.ImageBuilds.BuilderStep;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ImageBuildsTest {
  private static final Sha256 DIGEST = Sha256.of(new byte[] {1});
  private static final BuildOutcome DONE = new BuildOutcome.Succeeded(DIGEST, DIGEST);

  private final BlockingQueue<BuildRequest> begun = new LinkedBlockingQueue<>();
  private final SynchronousQueue<BuildOutcome> answers = new SynchronousQueue<>();
  private final ImageBuilds builds =
      new ImageBuilds(Optional.of(this::run), new ManualTimers(), () -> {});

  private BuildOutcome run(BuildRequest request, Consumer<BuilderStep> tell)
      throws InterruptedException {
    tell.accept(new BuilderStep("building " + request.image(), "", false));
    begun.add(request);
    return answers.take();
  }

  private static BuildRequest request(int number) {
    return new BuildRequest(
        id(number),
        "image" + number,
        "recipe:debian:12",
        "",
        Duration.ofMinutes(1),
        Optional.empty());
  }

  private static String id(int number) {
    return "00000000-0000-4000-8000-%012d".formatted(number);
  }

  @BeforeEach
  void start() {
    builds.start();
  }

  @AfterEach
  void stop() throws InterruptedException {
    builds.stop();
  }

  @Test
  void aBuildIsKnownUntilItsEndIsAcknowledged() throws Exception {
    builds.build(request(1));
    builds.build(request(1));
    assertThat(begun.take()).isEqualTo(request(1));
    assertThat(builds.known()).containsExactly(id(1));
    assertThat(builds.nextStep())
        .hasValueSatisfying(step -> assertThat(step.step()).isEqualTo("building image1"));
    assertThat(builds.nextStep()).isEmpty();
    answers.put(DONE);
    await().until(() -> builds.ends().containsKey(id(1)));
    builds.build(request(1));
    assertThat(builds.known()).containsExactly(id(1));
    builds.acknowledge(id(1));
    assertThat(builds.known()).isEmpty();
  }

  @Test
  void oneIsBuiltAtATimeInTheirOrder() throws Exception {
    builds.build(request(1));
    builds.build(request(2));
    assertThat(begun.take()).isEqualTo(request(1));
    assertThat(begun).isEmpty();
    answers.put(DONE);
    assertThat(begun.take()).isEqualTo(request(2));
    answers.put(DONE);
  }

  @Test
  void oneThatRunsAndOneThatWaitsCanBeCancelled() throws Exception {
    builds.build(request(1));
    builds.build(request(2));
    begun.take();
    builds.cancel(id(2));
    builds.cancel(id(1));
    builds.cancel(id(7));
    await().until(() -> builds.ends().size() == 2);
    assertThat(builds.ends().values())
        .containsOnly(new BuildOutcome.Failed(Blame.USER, "the build was cancelled"));
    builds.build(request(3));
    assertThat(begun.take()).isEqualTo(request(3));
    answers.put(DONE);
  }

  @Test
  void moreThanAFewThatWaitAreRefused() throws Exception {
    for (int i = 1; i <= 10; i++) {
      builds.build(request(i));
      if (i == 1) {
        begun.take();
      }
    }
    assertThat(builds.ends()).containsOnlyKeys(id(10));
    assertThat(builds.ends().get(id(10)))
        .isInstanceOfSatisfying(
            BuildOutcome.Failed.class,
            failed -> assertThat(failed.blame()).isEqualTo(Blame.CAPACITY));
  }

  @Test
  void aWorkerWithoutABuilderSaysSo() {
    var none = new ImageBuilds(Optional.empty(), new ManualTimers(), () -> {});
    assertThat(none.isBuilder()).isFalse();
    none.build(request(1));
    assertThat(none.ends()).containsOnlyKeys(id(1));
  }

  @ParameterizedTest
  @CsvSource({
    "debian:12,recipe:debian:12,true",
    "docker.io/library/maven:3,registry:docker.io/library/maven:3-eclipse-temurin-25,true",
    "debian:12,debian:bookworm?packages=git+curl,true",
    "debian:12,oci:/etc,false",
    "debian:12,tar:/etc/shadow,false",
    "debian:12,dockerfile:/,false",
    "debian:12,recipe:../../etc,false",
    "debian:12,recipe:a/../../etc,false",
    "debian:12,registry:--help,false",
    "--help,recipe:debian:12,false",
    "debian:12,recipe:debian 12,false"
  })
  void onlyWhatNeedsNoFileOfThisHostIsBuilt(String image, String source, boolean allowed) {
    var id = id(1);
    if (allowed) {
      assertThat(
              new BuildRequest(id, image, source, "", Duration.ofMinutes(1), Optional.empty())
                  .source())
          .isEqualTo(source);
    } else {
      assertThatThrownBy(() ->
              new BuildRequest(id, image, source, "", Duration.ofMinutes(1), Optional.empty()))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
