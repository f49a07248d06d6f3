package dev.mayfly.core.placement;

import static dev.mayfly.core.job.Examples.CI;
import static dev.mayfly.core.job.Examples.demand;
import static dev.mayfly.core.placement.Fleets.worker;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.JobState;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobProgress;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.quota.Project;
import java.time.Duration;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class PlacementReconcilerTest {
  private static final Demand TINY = demand(new Shape(1, 128, 64));
  private final Engine engine = new Engine();

  private int placedInAll() {
    int all = 0;
    for (int placed = engine.placement.reconcile();
        placed > 0;
        placed = engine.placement.reconcile()) {
      all += placed;
    }
    return all;
  }

  @Test
  void aPassIsBoundedAndTheNextOneGoesOn() {
    engine.join(worker("w").capacity(1000, 1_000_000, 1_000_000));
    for (int i = 0; i < 450; i++) {
      engine.submit(TINY);
    }
    assertThat(engine.placement.reconcile()).isEqualTo(200);
    assertThat(engine.placement.reconcile()).isEqualTo(200);
    assertThat(engine.placement.reconcile()).isEqualTo(50);
    assertThat(engine.placement.reconcile()).isZero();
  }

  @Test
  void jobsThatFitNowhereDoNotHideThoseBehindThem() {
    engine.join(worker("w"));
    for (int i = 0; i < 2000; i++) {
      engine.submit(demand(Shape.DEFAULT, "gpu"));
    }
    Job last = engine.submit(TINY);
    assertThat(placedInAll()).isEqualTo(1);
    assertThat(engine.read(last).state()).isEqualTo(JobState.ACTIVE);
  }

  @Test
  void withManyProjectsAPassReadsLessOfEachAndStillPlacesAll() {
    engine.join(worker("w").capacity(5000, 5_000_000, 5_000_000));
    for (int project = 0; project < 30; project++) {
      for (int i = 0; i < 60; i++) {
        engine.submit(
            demand(new ProjectName("p" + project), Priority.NORMAL, new Shape(1, 128, 64)));
      }
    }
    assertThat(placedInAll()).isEqualTo(1800);
    for (int i = 0; i < 300; i++) {
      engine.submit(TINY);
    }
    assertThat(placedInAll()).isEqualTo(300);
  }

  @Test
  void aRetryWaitsItsPauseAndGoesElsewhere() {
    engine.join(worker("a"), worker("b"));
    Job job = engine.submit(TINY);
    engine.placement.reconcile();
    Job first = engine.read(job);
    engine.fail(job, FaultCode.BOOT_FAILED);
    assertThat(engine.placement.reconcile()).isZero();
    engine.advance(Duration.ofSeconds(1));
    assertThat(engine.placement.reconcile()).isEqualTo(1);
    Job second = engine.read(job);
    assertThat(second.currentAttempt().worker()).isNotEqualTo(first.currentAttempt().worker());
    assertThat(second.currentAttempt().lease().epoch()).isEqualTo(new LeaseEpoch(2));
    assertThat(second.attempts()).isEqualTo(2);
  }

  @Test
  void aJobIsTriedOnlySoOften() {
    engine.join(worker("a"), worker("b"));
    Job job = engine.submit(TINY);
    for (int i = 0; i < 3; i++) {
      assertThat(engine.placement.reconcile()).isEqualTo(1);
      engine.fail(job, FaultCode.BOOT_FAILED);
      engine.advance(Duration.ofMinutes(1));
    }
    assertThat(engine.read(job).state()).isEqualTo(JobState.FINISHED);
    assertThat(engine.jobs.attempts(job.id())).hasSize(3);
  }

  @Test
  void capsAreKeptAndAFreedPlaceIsGivenAgain() {
    engine.join(worker("w").capacity(100, 100_000, 100_000));
    engine.quotas.put(new Project(CI, 1, OptionalInt.of(2)));
    engine.quotas.putMaxActive(OptionalInt.of(3));
    Job first = engine.submit(TINY);
    engine.submit(TINY);
    engine.submit(TINY);
    ProjectName docs = new ProjectName("docs");
    engine.submit(demand(docs, Priority.NORMAL, new Shape(1, 128, 64)));
    engine.submit(demand(docs, Priority.NORMAL, new Shape(1, 128, 64)));
    assertThat(placedInAll()).isEqualTo(3);
    assertThat(engine.jobs.use().getOrDefault(CI, JobStore.ProjectUse.NONE).jobs()).isEqualTo(2);
    engine.end(first, new dev.mayfly.api.Outcome.Exited(0));
    assertThat(placedInAll()).isEqualTo(1);
  }

  @Test
  void aBigJobIsNotStarvedByTheSmallOnesAfterIt() {
    engine.join(worker("w").capacity(4, 8192, 40960));
    Job running = engine.submit(TINY);
    engine.placement.reconcile();
    Job big = engine.submit(demand(new Shape(4, 512, 2048)));
    Job small = engine.submit(TINY);
    assertThat(placedInAll()).isZero();
    assertThat(engine.read(small).progress()).isInstanceOf(JobProgress.Queued.class);
    engine.end(running, new dev.mayfly.api.Outcome.Exited(0));
    assertThat(placedInAll()).isEqualTo(1);
    assertThat(engine.read(big).state()).isEqualTo(JobState.ACTIVE);
  }

  @Test
  void whatTheStoreRefusesIsLeftToTheNextPass() {
    engine.join(worker("w"));
    Job job = engine.submit(TINY);
    PlacementReconciler beaten =
        new PlacementReconciler(
            new RefusingJobStore(engine.jobs),
            engine.workers,
            engine.quotas,
            engine.supplies,
            dev.mayfly.core.lease.LeasePolicy.DEFAULT,
            engine.clock);
    assertThat(beaten.reconcile()).isZero();
    assertThat(engine.read(job)).isEqualTo(job);
    assertThat(engine.placement.reconcile()).isEqualTo(1);
  }
}
