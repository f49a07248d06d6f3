package dev.mayfly.core.image;

import static dev.mayfly.core.job.Examples.BUNDLE;
import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.Blame;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.job.Examples;
import dev.mayfly.core.job.IdempotencyKey;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobEvent;
import dev.mayfly.core.job.JobMachine;
import dev.mayfly.core.job.JobStep;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.job.Submission;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every implementation of {@link ImageBuildStore} keeps, and jobs that wait for images. */
public abstract class ImageBuildStoreContract {

  /** The stores over one empty database. */
  public record Stores(
      ImageBuildStore builds,
      ImageStore images,
      BundleStore bundles,
      WorkerStore workers,
      JobStore jobs) {}

  private static final ImageRef MAVEN = new ImageRef("maven:3");
  private final Worker worker = Examples.worker("builder", NOON);
  private Stores stores;
  private ImageBuildStore builds;
  private long millis = NOON.toEpochMilli();

  protected abstract Stores emptyStores();

  @BeforeEach
  void open() {
    stores = emptyStores();
    builds = stores.builds();
    stores.workers().register(worker);
  }

  private ImageBuild made(String image) {
    return ImageBuild.requested(
        ImageBuildId.of(++millis, UUID.randomUUID()),
        new ImageBuild.Spec(
            new ImageRef(image),
            "registry:" + image,
            "minimal",
            PublicationCause.UPSTREAM_MOVED,
            Optional.of("sha256:" + "d".repeat(64))),
        NOON);
  }

  private ImageBuild requested(String image) {
    ImageBuild build = made(image);
    assertThat(builds.request(build)).isEqualTo(build);
    return build;
  }

  private ImageBuild commit(ImageBuild build, ImageBuildEvent event) {
    ImageBuild after = ImageBuildTable.after(build, event);
    assertThat(builds.commit(build, after)).isTrue();
    assertThat(builds.find(build.id())).contains(after);
    return after;
  }

  private ImageBuild begun(String image) {
    return commit(requested(image), new ImageBuildEvent.Given(worker.id(), NOON.plusSeconds(1)));
  }

  private ImageBuildEvent ends(ImageBuildState.End end) {
    return new ImageBuildEvent.Reported(worker.id(), end, NOON.plusSeconds(9));
  }

  private void store() {
    stores
        .bundles()
        .put(
            new StoredBundle(
                BUNDLE,
                new byte[] {1},
                Map.of(),
                MAVEN,
                "x86_64",
                4711,
                "sha256:" + "d".repeat(64),
                List.of(),
                NOON),
            _ -> List.of());
  }

  @Test
  void everyStateIsReadAsItWasStored() {
    ImageBuild queued = requested("one:1");
    assertThat(builds.find(queued.id())).contains(queued);
    ImageBuild running =
        commit(queued, new ImageBuildEvent.Given(worker.id(), NOON.plusSeconds(1)));
    commit(running, new ImageBuildEvent.Lost(worker.id(), "gone", NOON.plusSeconds(2)));
    commit(begun("two:1"), ends(new ImageBuildState.End.Unchanged()));
    commit(begun("three:1"), ends(new ImageBuildState.End.Failed(Blame.EXTERNAL, "no route")));
    ImageBuild cancelled =
        commit(begun("four:1"), new ImageBuildEvent.CancelRequested(NOON.plusSeconds(3)));
    commit(cancelled, ends(new ImageBuildState.End.Failed(Blame.USER, "stopped")));
    commit(requested("five:1"), new ImageBuildEvent.CancelRequested(NOON.plusSeconds(4)));
    store();
    commit(begun("maven:3"), ends(new ImageBuildState.End.Succeeded(BUNDLE)));
    assertThat(builds.find(ImageBuildId.of(1, UUID.randomUUID()))).isEmpty();
  }

  @Test
  void oneBuildOfANameIsOpenAtATime() {
    ImageBuild first = requested("maven:3");
    assertThat(builds.request(made("maven:3"))).isEqualTo(first);
    ImageBuild other = requested("golang:1");
    assertThat(builds.open()).containsExactly(first, other);
    commit(first, new ImageBuildEvent.CancelRequested(NOON));
    ImageBuild second = requested("maven:3");
    assertThat(builds.open()).containsExactly(other, second);
    assertThat(builds.latest(List.of(MAVEN, new ImageRef("never:1"))))
        .isEqualTo(Map.of(MAVEN, second));
  }

  @Test
  void aStaleCommitIsRefused() {
    ImageBuild build = requested("maven:3");
    ImageBuild given = commit(build, new ImageBuildEvent.Given(worker.id(), NOON.plusSeconds(1)));
    assertThat(
            builds.commit(
                build, ImageBuildTable.after(build, new ImageBuildEvent.CancelRequested(NOON))))
        .isFalse();
    assertThat(builds.find(build.id())).contains(given);
  }

  @Test
  void aGoodEndMovesTheNameAndRecordsWhy() {
    ImageBuild running = begun("maven:3");
    ImageBuild after =
        ImageBuildTable.after(running, ends(new ImageBuildState.End.Succeeded(BUNDLE)));
    assertThatThrownBy(() -> builds.commit(running, after))
        .isInstanceOf(IllegalStateException.class);
    assertThat(builds.find(running.id())).contains(running);
    assertThat(stores.images().find(MAVEN)).isEmpty();
    store();
    assertThat(builds.commit(running, after)).isTrue();
    assertThat(builds.commit(running, after)).isFalse();
    Image image = stores.images().find(MAVEN).orElseThrow();
    assertThat(image).isEqualTo(new Image(MAVEN, BUNDLE, "x86_64", 4711, NOON.plusSeconds(9)));
    assertThat(stores.images().history(MAVEN, 10, 10))
        .containsExactly(new ImageVersion(1, image, PublicationCause.UPSTREAM_MOVED));
  }

  @Test
  void whatTheBuilderSaysIsNumberedAndOnlyItsWorkerIsHeard() {
    ImageBuild running = begun("maven:3");
    Instant later = NOON.plusSeconds(5);
    builds.progress(running.id(), worker.id(), later, "pulling", "layer 1");
    builds.progress(running.id(), worker.id(), later.plusSeconds(1), "packing", null);
    builds.progress(running.id(), worker.id(), later.plusSeconds(2), "packing", "erofs ä");
    builds.progress(
        running.id(), new WorkerId(UUID.randomUUID()), later.plusSeconds(3), "evil", "evil");
    ImageBuild heard = builds.find(running.id()).orElseThrow();
    assertThat(heard.step()).isEqualTo("packing");
    assertThat(heard.state())
        .isEqualTo(
            new ImageBuildState.Running(worker.id(), NOON.plusSeconds(1), later.plusSeconds(2)));
    assertThat(builds.lines(running.id(), 0, 10))
        .containsExactly(
            new ImageBuildStore.Line(1, later, "layer 1"),
            new ImageBuildStore.Line(2, later.plusSeconds(2), "erofs ä"));
    assertThat(builds.lines(running.id(), 1, 10)).hasSize(1);
    assertThat(builds.lines(running.id(), 0, 1)).hasSize(1);
    ImageBuild ended = commit(heard, ends(new ImageBuildState.End.Unchanged()));
    builds.progress(running.id(), worker.id(), later, "late", "late");
    assertThat(builds.find(running.id())).contains(ended);
    assertThat(builds.lines(running.id(), 0, 10)).hasSize(2);
  }

  @Test
  void listingFiltersAndPagesNewestFirst() {
    ImageBuild first = requested("maven:3");
    ImageBuild ended = commit(first, new ImageBuildEvent.CancelRequested(NOON));
    ImageBuild other = requested("golang:1");
    ImageBuild second = requested("maven:3");
    assertThat(builds.list(null, null, null, 10)).containsExactly(second, other, ended);
    assertThat(builds.list(null, null, null, 2)).containsExactly(second, other);
    assertThat(builds.list(null, null, other.id(), 2)).containsExactly(ended);
    assertThat(builds.list(MAVEN, null, null, 10)).containsExactly(second, ended);
    assertThat(builds.list(MAVEN, true, null, 10)).containsExactly(second);
    assertThat(builds.list(null, false, null, 10)).containsExactly(ended);
  }

  @Test
  void oldBuildsAreRemovedWithWhatTheySaid() {
    ImageBuild running = begun("maven:3");
    builds.progress(running.id(), worker.id(), NOON, "pulling", "layer 1");
    requested("golang:1");
    commit(builds.find(running.id()).orElseThrow(), ends(new ImageBuildState.End.Unchanged()));
    assertThat(builds.removeEnded(NOON.plusSeconds(9), 10)).isZero();
    assertThat(builds.removeEnded(NOON.plusSeconds(10), 10)).isEqualTo(1);
    assertThat(builds.lines(running.id(), 0, 10)).isEmpty();
    assertThat(builds.list(null, null, null, 10)).hasSize(1);
  }

  private Job awaiting() {
    return Examples.job(
        NOON, Examples.spec(Examples.awaiting(MAVEN), Examples.BATCH, Examples.LIMITS));
  }

  @Test
  void aJobIsStoredWithItsBuildAndGetsItsBundleLater() {
    Job job = awaiting();
    assertThat(stores.jobs().submit(job, null, made("maven:3")))
        .isEqualTo(new Submission.Accepted(job));
    assertThat(stores.jobs().find(job.id())).contains(job);
    assertThat(stores.jobs().heads(NOON, 10)).isEmpty();
    assertThat(stores.jobs().headsBeside(Set.of(), NOON, 10)).isEmpty();
    assertThat(stores.jobs().awaitingImage(10)).containsExactly(job);
    assertThat(stores.jobs().waiting(10)).hasSize(1);
    assertThat(builds.open()).hasSize(1);
    Job ready =
        ((JobStep.Changed) JobMachine.apply(job, new JobEvent.ImageBuilt(BUNDLE, "x86_64"))).job();
    assertThat(stores.jobs().commit(job, ready)).isTrue();
    assertThat(stores.jobs().find(job.id())).contains(ready);
    assertThat(stores.jobs().awaitingImage(10)).isEmpty();
    assertThat(stores.jobs().heads(NOON, 10)).containsExactly(ready);
    assertThat(stores.jobs().waiting(10))
        .singleElement()
        .satisfies(waiting -> assertThat(waiting.demand()).isEqualTo(ready.spec().demand()));
  }

  @Test
  void aRepeatedSubmissionBeginsNoBuild() {
    IdempotencyKey key = new IdempotencyKey("k", "f");
    Job job = awaiting();
    stores.jobs().submit(job, key, made("maven:3"));
    commit(builds.open().getFirst(), new ImageBuildEvent.CancelRequested(NOON));
    assertThat(stores.jobs().submit(awaiting(), key, made("maven:3")))
        .isEqualTo(new Submission.Repeated(job));
    assertThat(builds.open()).isEmpty();
  }

  @Test
  void concurrentSubmissionsShareOneBuild() throws Exception {
    CyclicBarrier start = new CyclicBarrier(4);
    List<Callable<Submission>> submissions = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Job job = awaiting();
      ImageBuild build = made("maven:3");
      submissions.add(() -> {
        start.await();
        return stores.jobs().submit(job, null, build);
      });
    }
    Set<Submission> accepted = new HashSet<>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Submission> submission : threads.invokeAll(submissions)) {
        accepted.add(submission.get());
      }
    }
    assertThat(accepted).hasSize(4).allMatch(Submission.Accepted.class::isInstance);
    assertThat(builds.open()).hasSize(1);
    assertThat(stores.jobs().awaitingImage(10)).hasSize(4);
  }
}
