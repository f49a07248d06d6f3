package dev.mayfly.core.placement;

import static dev.mayfly.core.job.Examples.BUNDLE;
import static dev.mayfly.core.job.Examples.OTHER_BUNDLE;
import static dev.mayfly.core.job.Examples.demand;
import static dev.mayfly.core.placement.Fleets.worker;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.Blame;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.JobState;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildEvent;
import dev.mayfly.core.image.ImageBuildState;
import dev.mayfly.core.image.PublicationCause;
import dev.mayfly.core.job.ImagePreface;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobProgress;
import dev.mayfly.core.job.Submission;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Jobs that name an image nobody has built yet. */
class FirstUseTest {
  private static final ImageRef MAVEN = new ImageRef("maven:3");
  private final Engine engine = new Engine();

  private Job submit() {
    return ((Submission.Accepted) engine.submit(MAVEN)).job();
  }

  private ImageBuild build() {
    return engine.builds.list(MAVEN, null, null, 10).getFirst();
  }

  private WorkerId builder() {
    return ((ImageBuildState.Running) build().state()).worker();
  }

  private void ends(ImageBuildState.End end) {
    engine.buildDesk.apply(
        build().id(), new ImageBuildEvent.Reported(builder(), end, engine.clock.instant()));
  }

  private void begin() {
    engine.join(worker("w1").buildsImages().withoutImage());
    assertThat(engine.building.reconcile()).isEqualTo(1);
  }

  @Test
  void threeJobsWaitForOneBuildAndRunWithWhatItMade() {
    List<Job> jobs = List.of(submit(), submit(), submit());
    assertThat(engine.builds.open()).hasSize(1);
    begin();
    assertThat(engine.building.reconcile()).isZero();
    assertThat(engine.placement.reconcile()).isZero();
    assertThat(engine.imageWaits.reconcile()).isZero();
    ends(new ImageBuildState.End.Succeeded(engine.stored(MAVEN, BUNDLE)));
    assertThat(engine.images.find(MAVEN).orElseThrow().bundle()).isEqualTo(BUNDLE);
    assertThat(engine.images.history(MAVEN, 10, 10))
        .singleElement()
        .satisfies(version -> assertThat(version.cause()).isEqualTo(PublicationCause.FIRST_USE));
    assertThat(engine.imageWaits.reconcile()).isEqualTo(3);
    assertThat(engine.imageWaits.reconcile()).isZero();
    assertThat(engine.placement.reconcile()).isEqualTo(3);
    assertThat(jobs)
        .allSatisfy(job -> {
          assertThat(engine.read(job).state()).isEqualTo(JobState.ACTIVE);
          assertThat(engine.read(job).spec().bundle()).contains(BUNDLE);
          assertThat(engine.read(job).spec().demand().architecture()).isEqualTo("x86_64");
        });
  }

  @Test
  void aJobThatWaitedIsToldHowItsImageWasBuiltAndOthersAreNot() {
    Job waited = submit();
    begin();
    engine.builds.progress(
        build().id(), builder(), engine.clock.instant(), "pull", "1.0 s pull: layer 1");
    engine.builds.progress(
        build().id(), builder(), engine.clock.instant(), "pull", "2.0 s pull (done)");
    engine.advance(Duration.ofSeconds(84));
    ends(new ImageBuildState.End.Succeeded(engine.stored(MAVEN, BUNDLE)));
    engine.imageWaits.reconcile();
    Job later = submit();
    engine.placement.reconcile();
    assertThat(ImagePreface.lines(engine.read(waited), engine.builds))
        .containsExactly(
            "image maven:3 was built of registry:maven:3 in 84 s (build " + build().id() + ")",
            "  2.0 s pull (done)");
    assertThat(ImagePreface.lines(engine.read(later), engine.builds)).isEmpty();
  }

  @Test
  void whoeverIsToBlameTheJobsSayWhyAndTheNextOneTriesAgain() {
    begin(Blame.USER, FaultCode.IMAGE_REFUSED);
    begin(Blame.EXTERNAL, FaultCode.IMAGE_SOURCE_FAILED);
    begin(Blame.PLATFORM, FaultCode.IMAGE_BUILD_FAILED);
  }

  private void begin(Blame blame, FaultCode code) {
    engine.advance(Duration.ofSeconds(1));
    Job job = submit();
    begin();
    ends(new ImageBuildState.End.Failed(blame, "the manifest is unknown"));
    assertThat(engine.imageWaits.reconcile()).isEqualTo(1);
    assertThat(engine.read(job).progress())
        .isInstanceOfSatisfying(
            JobProgress.Finished.class,
            finished ->
                assertThat(finished.outcome())
                    .isEqualTo(
                        new Outcome.Faulted(code, "Image maven:3: the manifest is unknown")));
  }

  @Test
  void aHostWithoutRoomPassesTheBuildOn() {
    submit();
    begin();
    engine.join(worker("w2").buildsImages());
    WorkerId full = builder();
    ends(new ImageBuildState.End.Failed(Blame.CAPACITY, "the disk is full"));
    assertThat(engine.building.reconcile()).isEqualTo(1);
    assertThat(builder()).isNotEqualTo(full);
    assertThat(build().attempts()).isEqualTo(2);
  }

  @Test
  void aJobSaysHowFarItsImageIs() {
    Job job = submit();
    assertThat(engine.why(job))
        .isEqualTo("the image maven:3 waits for a worker that builds images: none has joined");
    begin();
    assertThat(engine.why(job)).isEqualTo("the image maven:3 is being built on w1: 0 s");
    engine.advance(Duration.ofSeconds(41));
    engine.builds.progress(
        build().id(), builder(), engine.clock.instant(), "root file system", "100 of 200 files");
    assertThat(engine.why(job))
        .isEqualTo("the image maven:3 is being built on w1: root file system, 41 s");
    Job other = ((Submission.Accepted) engine.submit(new ImageRef("golang:1"))).job();
    assertThat(engine.why(other))
        .isEqualTo(
            "the image golang:1 waits for a worker that builds images:"
                + " those there build others first");
  }

  @Test
  void aNamePublishedByHandEndsTheWaitAsWell() {
    Job job = submit();
    engine.images.publish(new Image(MAVEN, OTHER_BUNDLE, "x86_64", 1, engine.clock.instant()));
    assertThat(engine.imageWaits.reconcile()).isEqualTo(1);
    assertThat(engine.read(job).spec().bundle()).contains(OTHER_BUNDLE);
  }

  @Test
  void aCancelledBuildEndsItsJobs() {
    Job job = submit();
    engine.buildDesk.cancel(build().id());
    assertThat(engine.imageWaits.reconcile()).isEqualTo(1);
    assertThat(engine.read(job).state()).isEqualTo(JobState.FINISHED);
  }

  @Test
  void aCancelledJobWaitsNoMoreAndTheBuildGoesOn() {
    Job job = submit();
    begin();
    engine.desk.cancel(job.id());
    ends(new ImageBuildState.End.Succeeded(engine.stored(MAVEN, BUNDLE)));
    assertThat(engine.imageWaits.reconcile()).isZero();
    assertThat(engine.images.find(MAVEN)).isPresent();
  }

  @Test
  void aFailedRefreshLeavesNameAndJobsAsTheyAre() {
    engine.stored(MAVEN, BUNDLE);
    engine.images.publish(new Image(MAVEN, BUNDLE, "x86_64", 1, engine.clock.instant()));
    engine.buildDesk.request(
        new ImageBuild.Spec(
            MAVEN, "registry:maven:3", "", PublicationCause.SCHEDULED, Optional.empty()));
    Job job = submit();
    assertThat(job.awaitsImage()).isFalse();
    begin();
    ends(new ImageBuildState.End.Failed(Blame.EXTERNAL, "no route"));
    assertThat(engine.imageWaits.reconcile()).isZero();
    assertThat(engine.images.find(MAVEN).orElseThrow().bundle()).isEqualTo(BUNDLE);
    assertThat(engine.read(job)).isEqualTo(job);
  }

  @Test
  void whatThreeWorkersDieOfIsNotTriedOnAFourth() {
    Job job = submit();
    for (int i = 1; i <= 3; i++) {
      begin();
      engine.buildDesk.apply(
          build().id(),
          new ImageBuildEvent.Lost(builder(), "the worker was lost", engine.clock.instant()));
      assertThat(build().attempts()).isEqualTo(i);
    }
    assertThat(engine.imageWaits.reconcile()).isEqualTo(1);
    assertThat(engine.read(job).progress())
        .isInstanceOfSatisfying(
            JobProgress.Finished.class,
            finished ->
                assertThat(finished.outcome())
                    .isEqualTo(
                        new Outcome.Faulted(
                            FaultCode.IMAGE_BUILD_FAILED,
                            "Image maven:3: the worker was lost; it was tried on a worker 3"
                                + " times")));
  }

  @Test
  void jobsThatWaitForTheirImageDoNotHideOthers() {
    for (int i = 0; i < 300; i++) {
      submit();
    }
    engine.join(worker("w"));
    Job ready = engine.submit(demand(Shape.DEFAULT));
    assertThat(engine.placement.reconcile()).isEqualTo(1);
    assertThat(engine.read(ready).state()).isEqualTo(JobState.ACTIVE);
    assertThat(Set.copyOf(engine.jobs.awaitingImage(1000))).hasSize(300);
  }
}
