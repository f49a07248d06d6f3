package dev.mayfly.worker.core.janitor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.worker.core.janitor.JanitorPlanner.Action;
import dev.mayfly.worker.core.janitor.JanitorPlanner.VmmProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JanitorTest {
  private static final Path ROOT = Path.of("/home/mayfly/worker/vms");
  private static final VmmProcess LIVING = new VmmProcess(10, 1, ROOT.resolve("a.1"));
  private static final VmmProcess LEFT = new VmmProcess(11, 1, ROOT.resolve("b.1"));

  @Test
  void whatLivesIsLeftAloneAndProcessesGoBeforeDirectories() {
    assertThat(
            JanitorPlanner.plan(
                Set.of("a.1"),
                ROOT,
                List.of(LIVING, LEFT),
                List.of(ROOT.resolve("a.1"), ROOT.resolve("b.1"), ROOT.resolve("c.1"))))
        .containsExactly(
            new Action.Kill(LEFT),
            new Action.RemoveDirectory(ROOT.resolve("b.1")),
            new Action.RemoveDirectory(ROOT.resolve("c.1")));
  }

  @Test
  void nothingOutsideTheRootIsEverTouched() {
    var elsewhere = Path.of("/home/other/worker/vms/x.1");
    assertThat(
            JanitorPlanner.plan(
                Set.of(),
                ROOT,
                List.of(
                    new VmmProcess(12, 1, elsewhere), new VmmProcess(13, 1, ROOT.resolve("../x"))),
                List.of(elsewhere, ROOT, ROOT.resolve(".."), ROOT.resolve("a/b"))))
        .isEmpty();
  }

  @Test
  void aHostThatIsAsIntendedNeedsNothing() {
    assertThat(
            JanitorPlanner.plan(Set.of("a.1"), ROOT, List.of(LIVING), List.of(LIVING.directory())))
        .isEmpty();
  }

  @Test
  void whatFailsIsTriedAgainByTheNextRunAndHoldsNothingElseUp() throws Exception {
    var host = new ListedLeftovers();
    host.processes.add(LEFT);
    host.directories.add(LEFT.directory());
    host.directories.add(ROOT.resolve("c.1"));
    host.stubborn = true;
    var janitor = new JanitorReconciler(host, Set::of);
    assertThat(janitor.reconcile()).isEqualTo(2);
    assertThat(host.processes).containsExactly(LEFT);
    assertThat(host.directories).isEmpty();
    host.stubborn = false;
    assertThat(janitor.reconcile()).isEqualTo(1);
    assertThat(janitor.reconcile()).isZero();
  }

  @Test
  void aMicroVmMadeWhileTheJanitorLooksIsNotRemoved() throws Exception {
    var host = new ListedLeftovers();
    host.directories.add(ROOT.resolve("new.1"));
    var looked = new ArrayList<String>();
    var janitor =
        new JanitorReconciler(
            host,
            () -> {
              looked.addAll(host.looks);
              return Set.of("new.1");
            });
    assertThat(janitor.reconcile()).isZero();
    assertThat(looked).containsExactly("processes", "directories");
  }

  private static final class ListedLeftovers implements HostLeftovers {
    private final List<VmmProcess> processes = new ArrayList<>();
    private final List<Path> directories = new ArrayList<>();
    private final List<String> looks = new ArrayList<>();
    private boolean stubborn;

    @Override
    public Path root() {
      return ROOT;
    }

    @Override
    public List<VmmProcess> processes() {
      looks.add("processes");
      return List.copyOf(processes);
    }

    @Override
    public List<Path> directories() {
      looks.add("directories");
      return List.copyOf(directories);
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
  }
}
