package dev.mayfly.core.placement;

import static dev.mayfly.core.job.Examples.CI;
import static dev.mayfly.core.job.Examples.NOON;
import static dev.mayfly.core.job.Examples.demand;
import static dev.mayfly.core.placement.Fleets.worker;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Shape;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.placement.Explanation.Rule;
import dev.mayfly.core.quota.Project;
import java.time.Duration;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** What people read about jobs that wait. */
class ExplanationReconcilerTest {
  private static final Demand ANY = demand(Shape.DEFAULT);
  private static final Demand FOUR_GIB = demand(new Shape(1, 4096, 2048));
  private final Engine engine = new Engine();

  @Test
  void withoutWorkersItSaysSoAndMayYetRun() {
    Job job = engine.submit(ANY);
    assertThat(engine.why(job)).isEqualTo("no worker has joined yet");
    engine.join(worker("gone").state(WorkerState.LEFT));
    assertThat(engine.why(job)).isEqualTo("worker gone: left");
    assertThat(engine.explanation(job).impossible()).isFalse();
  }

  @Test
  void everyWorkerAndEveryRuleIsTold() {
    engine.join(
        worker("a").capacity(4, 5120, 40960),
        worker("b").duty(new Duty.Draining(NOON)),
        worker("c").state(WorkerState.SILENT),
        worker("d").withoutImage(),
        worker("e").withoutVmm(),
        worker("f").architecture("aarch64"),
        worker("g").duty(new Duty.Quarantined("3 faults", NOON)),
        worker("h").capacity(4, 1024, 100));
    engine.submit(FOUR_GIB);
    assertThat(engine.placement.reconcile()).isEqualTo(1);
    Job job = engine.submit(FOUR_GIB);
    engine.quotas.put(new Project(CI, 1, OptionalInt.of(1)));
    assertThat(engine.why(job))
        .isEqualTo(
            "worker a: needs 4096 MiB, 1024 free"
                + " · project cap 1/1 reached"
                + " · worker b: draining"
                + " · worker g: quarantined: 3 faults"
                + " · worker c: not connected"
                + " · worker d: does not have image debian:12"
                + " · worker e: no VMM works"
                + " · worker h: needs 4096 MiB, has 1024; 2048 MiB scratch, has 100"
                + " · worker f: is aarch64, needs x86_64");
    assertThat(engine.explanation(job).impossible()).isFalse();
  }

  @Test
  void aBusyWorkerTellsWhatIsFree() {
    engine.join(worker("a").capacity(1, 512, 2048));
    engine.submit(ANY);
    engine.placement.reconcile();
    assertThat(engine.why(engine.submit(ANY)))
        .isEqualTo("worker a: needs 1 CPU, 0 free; 512 MiB, 0 free; 2048 MiB scratch, 0 free");
  }

  @Test
  void theCapOverAllIsTold() {
    engine.join(worker("a"));
    engine.quotas.putMaxActive(OptionalInt.of(1));
    engine.submit(ANY);
    engine.placement.reconcile();
    assertThat(engine.why(engine.submit(ANY))).isEqualTo("global cap 1/1 reached");
  }

  @Test
  void whatNoWorkerCouldEverTakeIsSaidAtOnce() {
    engine.join(worker("a"), worker("b").state(WorkerState.SILENT));
    assertThat(engine.why(engine.submit(demand(new Shape(1, 1_000_000, 2048)))))
        .isEqualTo(
            "can never run: worker a: needs 1000000 MiB, has 8192"
                + " · worker b: needs 1000000 MiB, has 8192");
    assertThat(engine.why(engine.submit(demand(Shape.DEFAULT, "gpu", "zone=x"))))
        .isEqualTo(
            "can never run: worker a: lacks labels gpu, zone=x"
                + " · worker b: lacks labels gpu, zone=x");
  }

  @Test
  void anotherArchitectureIsNeverEvenWhenItsWorkersDrain() {
    engine.join(
        worker("arm").architecture("aarch64").duty(new Duty.Draining(NOON)),
        worker("old").state(WorkerState.LEFT));
    assertThat(engine.why(engine.submit(ANY)))
        .isEqualTo("can never run: worker arm: is aarch64, needs x86_64 · worker old: left");
  }

  @Test
  void aWorkerKeptFreeForABiggerJobIsToldAsHeld() {
    engine.join(worker("w").capacity(4, 8192, 40960));
    engine.submit(ANY);
    engine.placement.reconcile();
    engine.submit(demand(new Shape(4, 512, 2048)));
    assertThat(engine.why(engine.submit(ANY)))
        .isEqualTo("worker w: kept free for a larger job that came first");
  }

  @Test
  void whoFitsButIsNotYetPlacedWaitsItsTurn() {
    engine.join(worker("w"));
    Job job = engine.submit(ANY);
    assertThat(engine.why(job)).isEqualTo("waits its turn: others go first");
    assertThat(engine.explanation(job).reasons().getFirst().rule()).isEqualTo(Rule.TURN);
  }

  @Test
  void aPauseAfterAFaultIsTold() {
    engine.join(worker("w"));
    Job job = engine.submit(ANY);
    engine.placement.reconcile();
    engine.fail(job, FaultCode.BOOT_FAILED);
    assertThat(engine.why(job)).isEqualTo("pauses before the next attempt");
  }

  @Test
  void aThousandWorkersStayReadable() {
    for (int i = 100; i < 1100; i++) {
      Fleets.Builder worker = worker("w" + i);
      engine.join(
          switch (i % 4) {
            case 0 -> worker.capacity(1, 512 + i, 40960);
            case 1 -> worker.duty(new Duty.Draining(NOON));
            case 2 -> worker.architecture("aarch64");
            default -> worker.state(WorkerState.SILENT);
          });
    }
    String why = engine.why(engine.submit(FOUR_GIB));
    assertThat(why)
        .isEqualTo(
            "250 workers: draining · 250 workers: not connected"
                + " · 250 workers: too small; the largest, w1096, needs 4096 MiB, has 1608"
                + " · 250 workers: none is x86_64");
  }

  @Test
  void explanationsGoWhenNothingWaits() {
    engine.join(worker("w").capacity(1, 512, 2048));
    Job first = engine.submit(ANY);
    engine.placement.reconcile();
    Job second = engine.submit(ANY);
    assertThat(engine.explaining.reconcile()).isEqualTo(1);
    assertThat(engine.explaining.reconcile()).isEqualTo(1);
    engine.end(first, new Outcome.Exited(0));
    engine.placement.reconcile();
    assertThat(engine.read(second).attempts()).isEqualTo(1);
    assertThat(engine.explaining.reconcile()).isZero();
    assertThat(engine.database.explanations).isEmpty();
  }

  @Test
  void jobsOfOneDemandShareOneExplanationThatIsWorkedOutAnew() {
    engine.submit(ANY);
    Job second = engine.submit(ANY);
    assertThat(engine.explaining.reconcile()).isEqualTo(1);
    assertThat(engine.explanation(second).at()).isEqualTo(engine.clock.instant());
    engine.advance(Duration.ofSeconds(1));
    engine.explaining.reconcile();
    assertThat(engine.explanation(second).at()).isEqualTo(engine.clock.instant());
  }
}
