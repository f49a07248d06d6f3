package dev.mayfly.server.workers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.worker.v1.Assignment;
import dev.mayfly.api.worker.v1.BuildEnded;
import dev.mayfly.api.worker.v1.BuildFailed;
import dev.mayfly.api.worker.v1.BuildImage;
import dev.mayfly.api.worker.v1.BuildProgress;
import dev.mayfly.api.worker.v1.BuildSucceeded;
import dev.mayfly.api.worker.v1.BuildUnchanged;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.ImagePolicy;
import dev.mayfly.core.image.ImagePolicyStore;
import dev.mayfly.core.image.ImageRefresh;
import dev.mayfly.core.image.StoredBundle;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** A worker by hand that builds images, against the whole orchestrator. */
class ImageBuildIT extends WorkerFixture {
  private final String image = "first.example/" + UUID.randomUUID() + ":1";

  private FakeWorker builder(String... builds) {
    FakeWorker worker = new FakeWorker(orchestrator, id, orchestrator.workerToken());
    worker.send(
        WorkerMessage.newBuilder()
            .setRegister(worker.registration().setBuilder(true).addAllBuilds(List.of(builds)))
            .build());
    worker.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
    worker.heartbeat();
    return worker;
  }

  @AfterEach
  void cancelBuilds() {
    api.get("/api/v1/image-builds?state=OPEN")
        .json()
        .get("items")
        .forEach(build -> api.delete("/api/v1/image-builds/" + build.get("id").asString()));
  }

  private String submit() {
    var answer = api.post("/api/v1/jobs", "{\"image\":\"" + image + "\",\"command\":[\"true\"]}");
    assertThat(answer.status()).as(answer.body()).isEqualTo(201);
    return answer.json().get("id").asString();
  }

  private static BuildImage asked(FakeWorker worker) {
    return worker.next(OrchestratorMessage::hasBuildImage, OrchestratorMessage::getBuildImage);
  }

  private static void ended(FakeWorker worker, BuildEnded.Builder end) {
    worker.send(WorkerMessage.newBuilder().setBuildEnded(end).build());
    worker.next(OrchestratorMessage::hasBuildEndedAck, OrchestratorMessage::getBuildEndedAck);
  }

  private static BuildEnded.Builder succeeded(String build, String bundle) {
    return BuildEnded.newBuilder()
        .setBuildId(build)
        .setSucceeded(
            BuildSucceeded.newBuilder()
                .setBundleDigest(bundle)
                .setSourceDigest("sha256:" + "d".repeat(64)));
  }

  private String stored() {
    String digest = "sha256:" + UUID.randomUUID().toString().replace("-", "").repeat(2);
    orchestrator
        .bean(BundleStore.class)
        .put(
            new StoredBundle(
                new BundleDigest(digest),
                new byte[] {1},
                Map.of(),
                new ImageRef(image),
                "x86_64",
                4711,
                "sha256:" + "d".repeat(64),
                List.of(new StoredBundle.NeededBlob(new BlobDigest(digest), 1)),
                Instant.now()),
            _ -> List.of());
    return digest;
  }

  private JsonNode builds() {
    return api.get("/api/v1/image-builds?image=" + image).json().get("items");
  }

  @Test
  void threeJobsAtOnceMakeOneBuildAndRunWithIt() throws Exception {
    FakeWorker worker = builder();
    List<String> jobs = new ArrayList<>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<String> submission = this::submit;
      for (Future<String> job : threads.invokeAll(List.of(submission, submission, submission))) {
        jobs.add(job.get());
      }
    }
    BuildImage build = asked(worker);
    assertThat(builds()).hasSize(1);
    assertThat(build.getImage()).isEqualTo(image);
    assertThat(build.getSource()).isEqualTo("registry:" + image);
    worker.send(
        WorkerMessage.newBuilder()
            .setBuildProgress(
                BuildProgress.newBuilder()
                    .setBuildId(build.getBuildId())
                    .setNumber(1)
                    .setStep("root file system")
                    .setDetail("layer 2 of 3")
                    .setMicrosSinceStart(1_500_000))
            .build());
    await()
        .atMost(WAIT)
        .untilAsserted(() ->
            assertThat(api.job(jobs.getFirst()).path("waitingBecause").asString(""))
                .startsWith("the image " + image + " is being built on " + worker.name())
                .contains("root file system, "));
    JsonNode log = api.get("/api/v1/image-builds/" + build.getBuildId()).json();
    assertThat(log.get("lines").get(0).get("text").asString())
        .isEqualTo("1.5 s root file system: layer 2 of 3");
    assertThat(log.get("complete").asBoolean()).isFalse();
    assertThat(api.job(jobs.getFirst()).has("bundleDigest")).isFalse();

    String bundle = stored();
    ended(worker, succeeded(build.getBuildId(), bundle));
    Assignment first =
        worker.next(OrchestratorMessage::hasAssignment, OrchestratorMessage::getAssignment);
    assertThat(first.getAttempt().getJobId()).isIn(jobs);
    assertThat(first.getPrefaceList())
        .singleElement()
        .satisfies(line ->
            assertThat(line).startsWith("image " + image + " was built of registry:" + image));
    assertThat(worker.assigned().getJobId()).isIn(jobs);
    assertThat(jobs)
        .allSatisfy(
            job -> assertThat(api.job(job).get("bundleDigest").asString()).isEqualTo(bundle));
    assertThat(builds().get(0).get("state").asString()).isEqualTo("SUCCEEDED");
    worker.close();
  }

  @ParameterizedTest
  @CsvSource({
    "USER, IMAGE_REFUSED",
    "EXTERNAL, IMAGE_SOURCE_FAILED",
    "PLATFORM, IMAGE_BUILD_FAILED"
  })
  void whoeverIsToBlameTheJobSaysSo(String blame, String code) {
    FakeWorker worker = builder();
    String job = submit();
    BuildImage build = asked(worker);
    ended(
        worker,
        BuildEnded.newBuilder()
            .setBuildId(build.getBuildId())
            .setFailed(BuildFailed.newBuilder().setBlame(blame).setReason("it is not there")));
    JsonNode outcome = finished(job).get("outcome");
    assertThat(outcome.get("faultCode").asString()).isEqualTo(code);
    assertThat(outcome.get("detail").asString()).isEqualTo("Image " + image + ": it is not there");
    assertThat(builds().get(0).get("blame").asString()).isEqualTo(blame);
    worker.close();
  }

  @Test
  void aBundleThatWasNotStoredIsNoSuccess() {
    FakeWorker worker = builder();
    String job = submit();
    BuildImage build = asked(worker);
    ended(worker, succeeded(build.getBuildId(), "sha256:" + "9".repeat(64)));
    assertThat(finished(job).get("outcome").get("faultCode").asString())
        .isEqualTo("IMAGE_BUILD_FAILED");
    worker.close();
  }

  @Test
  void aWorkerThatComesBackWithoutItsBuildIsGivenItAgain() {
    FakeWorker worker = builder();
    submit();
    BuildImage build = asked(worker);
    worker.send(
        WorkerMessage.newBuilder()
            .setBuildProgress(
                BuildProgress.newBuilder().setBuildId(build.getBuildId()).setNumber(1).setStep("a"))
            .build());
    await().atMost(WAIT).until(() -> builds().get(0).get("step").asString().equals("a"));
    worker.vanish();
    FakeWorker again = builder();
    assertThat(asked(again).getBuildId()).isEqualTo(build.getBuildId());
    await().atMost(WAIT).until(() -> builds().get(0).get("attempts").asInt() == 2);
    again.vanish();
    FakeWorker still = builder(build.getBuildId());
    ended(still, succeeded(build.getBuildId(), stored()));
    await().atMost(WAIT).until(() -> builds().get(0).get("state").asString().equals("SUCCEEDED"));
    assertThat(builds().get(0).get("attempts").asInt()).isEqualTo(2);
    still.close();
  }

  @Test
  void aCancelledBuildIsCalledOffAndItsJobsEnd() {
    FakeWorker worker = builder();
    String job = submit();
    BuildImage build = asked(worker);
    assertThat(api.delete("/api/v1/image-builds/" + build.getBuildId()).status()).isEqualTo(202);
    assertThat(
            worker
                .next(OrchestratorMessage::hasCancelBuild, OrchestratorMessage::getCancelBuild)
                .getBuildId())
        .isEqualTo(build.getBuildId());
    ended(
        worker,
        BuildEnded.newBuilder()
            .setBuildId(build.getBuildId())
            .setFailed(BuildFailed.newBuilder().setBlame("USER").setReason("cancelled")));
    assertThat(finished(job).get("outcome").get("faultCode").asString()).isEqualTo("IMAGE_REFUSED");
    assertThat(builds().get(0).get("state").asString()).isEqualTo("CANCELLED");
    worker.close();
  }

  @Test
  void aRefreshThatFindsNothingNewMakesNoVersion() {
    FakeWorker worker = builder();
    String bundle = stored();
    assertThat(
            api.put(
                    "/api/v1/images/" + image.replace("/", "%2F"),
                    "{\"bundleDigest\":\""
                        + bundle
                        + "\",\"architecture\":\"x86_64\",\"sizeBytes\":4711}")
                .status())
        .isEqualTo(200);
    ImagePolicyStore policies = orchestrator.bean(ImagePolicyStore.class);
    policies.put(
        new ImagePolicy(
            new ImageRef(image),
            Optional.of("registry:" + image),
            Optional.empty(),
            Optional.empty(),
            Optional.of(Duration.ofMinutes(1)),
            3,
            false,
            Set.of(),
            Optional.of(Instant.now().minusSeconds(61)),
            Optional.empty()));
    assertThat(orchestrator.bean(ImageRefresh.class).request()).isEqualTo(1);
    assertThat(orchestrator.bean(ImageRefresh.class).request()).isZero();
    BuildImage build = asked(worker);
    assertThat(build.getImage()).isEqualTo(image);
    assertThat(build.getUnlessSourceDigest()).isEqualTo("sha256:" + "d".repeat(64));
    ended(
        worker,
        BuildEnded.newBuilder()
            .setBuildId(build.getBuildId())
            .setUnchanged(BuildUnchanged.getDefaultInstance()));
    assertThat(builds().get(0).get("state").asString()).isEqualTo("UNCHANGED");
    assertThat(api.get("/api/v1/images/" + image.replace("/", "%2F")).json().get("version").asInt())
        .isEqualTo(1);
    worker.close();
  }

  @Test
  void aBuildIsAskedForByNameOnceAtATime() {
    String body = "{\"image\":\"" + image + "\"}";
    var first = api.post("/api/v1/image-builds", body);
    assertThat(first.status()).isEqualTo(201);
    assertThat(first.json().get("cause").asString()).isEqualTo("REQUESTED");
    var second = api.post("/api/v1/image-builds", body);
    assertThat(second.status()).isEqualTo(200);
    assertThat(second.json().get("id")).isEqualTo(first.json().get("id"));
    assertThat(
            api.post("/api/v1/image-builds", "{\"image\":\"x\",\"source\":\"oci:/etc\"}").status())
        .isEqualTo(422);
    assertThat(api.get("/api/v1/image-builds/nope").status()).isEqualTo(404);
  }
}
