package dev.mayfly.worker.core.janitor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.worker.core.janitor.JanitorPlanner.Action;
import dev.mayfly.worker.core.janitor.JanitorPlanner.Actual;
import dev.mayfly.worker.core.janitor.JanitorPlanner.Intended;
import dev.mayfly.worker.core.janitor.JanitorPlanner.VmmProcess;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class JanitorTest {
  private static final Path ROOT = Path.of("/home/mayfly/worker/vms");
  private static final AttemptLease A =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000a.1.1");
  private static final AttemptLease B =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000b.1.1");

  /** One class of thing, of one attempt, and what is to be done where nobody owns it. */
  record Thing(String name, Actual actual, Action action, boolean ofDeliveryToo) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Path directory(AttemptLease lease) {
    return ROOT.resolve(lease.microVmName());
  }

  private static VmmProcess process(AttemptLease lease) {
    return new VmmProcess(10, 1, directory(lease));
  }

  private static Actual actual(
      List<VmmProcess> processes,
      List<Path> directories,
      Set<String> slots,
      Set<AttemptLease> overdue,
      List<AttemptLease> spools,
      List<AttemptLease> journals) {
    return new Actual(ROOT, processes, directories, slots, overdue, spools, journals);
  }

  static List<Thing> things() {
    return List.of(
        new Thing(
            "VMM process",
            actual(List.of(process(A)), List.of(), Set.of(), Set.of(), List.of(), List.of()),
            new Action.Kill(process(A)),
            false),
        new Thing(
            "directory",
            actual(List.of(), List.of(directory(A)), Set.of(), Set.of(), List.of(), List.of()),
            new Action.RemoveDirectory(directory(A)),
            false),
        new Thing(
            "slot",
            actual(List.of(), List.of(), Set.of(A.toString()), Set.of(), List.of(), List.of()),
            new Action.ReleaseSlot(A.toString()),
            false),
        new Thing(
            "spool",
            actual(List.of(), List.of(), Set.of(), Set.of(), List.of(A), List.of()),
            new Action.RemoveSpool(A),
            true),
        new Thing(
            "journal",
            actual(List.of(), List.of(), Set.of(), Set.of(), List.of(), List.of(A)),
            new Action.RemoveJournal(A),
            true));
  }

  @ParameterizedTest
  @MethodSource("things")
  void whatNoAttemptOwnsIsPutRightAndWhatOneOwnsIsLeftAlone(Thing thing) {
    assertThat(JanitorPlanner.plan(new Intended(Set.of(), Set.of()), thing.actual()))
        .containsExactly(thing.action());
    assertThat(JanitorPlanner.plan(new Intended(Set.of(B), Set.of(B)), thing.actual()))
        .containsExactly(thing.action());
    assertThat(JanitorPlanner.plan(new Intended(Set.of(A), Set.of()), thing.actual())).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("things")
  void whatHasStillToBeDeliveredKeepsItsRecordsAndNothingElse(Thing thing) {
    var plan = JanitorPlanner.plan(new Intended(Set.of(), Set.of(A)), thing.actual());
    if (thing.ofDeliveryToo()) {
      assertThat(plan).isEmpty();
    } else {
      assertThat(plan).containsExactly(thing.action());
    }
  }

  @Test
  void aLivingAttemptWhoseLeaseHasEndedIsEnded() {
    var overdue = actual(List.of(), List.of(), Set.of(), Set.of(A, B), List.of(), List.of());
    assertThat(JanitorPlanner.plan(new Intended(Set.of(A), Set.of()), overdue))
        .containsExactly(new Action.EndAttempt(A));
  }

  @Test
  void processesGoBeforeTheDirectoriesThatTheyHoldOpen() {
    var both =
        actual(
            List.of(process(A)), List.of(directory(A)), Set.of(), Set.of(), List.of(), List.of());
    assertThat(JanitorPlanner.plan(new Intended(Set.of(), Set.of()), both))
        .containsExactly(new Action.Kill(process(A)), new Action.RemoveDirectory(directory(A)));
  }

  @Test
  void nothingOutsideTheRootIsEverTouched() {
    var elsewhere = Path.of("/home/other/worker/vms/x.1");
    var strange =
        actual(
            List.of(new VmmProcess(12, 1, elsewhere), new VmmProcess(13, 1, ROOT.resolve("../x"))),
            List.of(elsewhere, ROOT, ROOT.resolve(".."), ROOT.resolve("a/b")),
            Set.of(),
            Set.of(),
            List.of(),
            List.of());
    assertThat(JanitorPlanner.plan(new Intended(Set.of(), Set.of()), strange)).isEmpty();
  }

  @Test
  void whatFailsIsTriedAgainByTheNextRunAndHoldsNothingElseUp() throws Exception {
    var host = new ListedHost();
    host.processes.add(process(A));
    host.directories.add(directory(A));
    host.slots.add(A.toString());
    host.spools.add(A);
    host.journals.add(A);
    host.stubborn = true;
    var janitor = new JanitorReconciler(host, host);
    assertThat(janitor.reconcile()).isEqualTo(4);
    assertThat(host.processes).containsExactly(process(A));
    assertThat(host.directories).isEmpty();
    assertThat(host.slots).isEmpty();
    assertThat(host.spools).isEmpty();
    assertThat(host.journals).isEmpty();
    host.stubborn = false;
    assertThat(janitor.reconcile()).isEqualTo(1);
    assertThat(janitor.reconcile()).isZero();
  }

  @Test
  void anAttemptThatBeginsWhileTheJanitorLooksIsLeftAlone() throws Exception {
    var host = new ListedHost();
    host.directories.add(directory(A));
    host.slots.add(A.toString());
    host.journals.add(A);
    host.beginWhileLookedAt = Set.of(A);
    assertThat(new JanitorReconciler(host, host).reconcile()).isZero();
    assertThat(host.looks)
        .containsExactly(
            "processes", "directories", "slots", "overdue", "spools", "journals", "intended");
  }

  private static final class ListedHost implements HostLeftovers, WorkerClaims {
    private final List<VmmProcess> processes = new ArrayList<>();
    private final List<Path> directories = new ArrayList<>();
    private final Set<String> slots = new LinkedHashSet<>();
    private final List<AttemptLease> spools = new ArrayList<>();
    private final List<AttemptLease> journals = new ArrayList<>();
    private final List<String> looks = new ArrayList<>();
    private Set<AttemptLease> beginWhileLookedAt = Set.of();
    private boolean stubborn;

    private <T> T look(String what, T found) {
      looks.add(what);
      return found;
    }

    @Override
    public Path root() {
      return ROOT;
    }

    @Override
    public List<VmmProcess> processes() {
      return look("processes", List.copyOf(processes));
    }

    @Override
    public List<Path> directories() {
      return look("directories", List.copyOf(directories));
    }

    @Override
    public Set<String> slots() {
      return look("slots", Set.copyOf(slots));
    }

    @Override
    public Set<AttemptLease> overdue() {
      return look("overdue", Set.of());
    }

    @Override
    public List<AttemptLease> spools() {
      return look("spools", List.copyOf(spools));
    }

    @Override
    public List<AttemptLease> journals() {
      return look("journals", List.copyOf(journals));
    }

    @Override
    public Intended intended() {
      return look("intended", new Intended(beginWhileLookedAt, Set.of()));
    }

    @Override
    public void kill(VmmProcess process) throws IOException {
      if (stubborn) {
        throw new IOException("still there");
      }
      processes.remove(process);
    }

    @Override
    public void removeDirectory(Path directory) {
      directories.remove(directory);
    }

    @Override
    public void removeSpool(AttemptLease lease) {
      spools.remove(lease);
    }

    @Override
    public void removeJournal(AttemptLease lease) {
      journals.remove(lease);
    }

    @Override
    public void releaseSlot(String owner) {
      slots.remove(owner);
    }

    @Override
    public void end(AttemptLease lease) {
      throw new IllegalStateException("no lease of this host has ended");
    }
  }
}
