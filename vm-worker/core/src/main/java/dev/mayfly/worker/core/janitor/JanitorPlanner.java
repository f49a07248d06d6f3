package dev.mayfly.worker.core.janitor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** Decides what no living microVM owns. Pure. */
public final class JanitorPlanner {
  private JanitorPlanner() {}

  /**
   * A process of a VMM.
   *
   * @param startTicks when it started, in clock ticks since boot: tells it from a later process
   *     with the same pid
   * @param directory of the microVM it was started for
   */
  public record VmmProcess(long pid, long startTicks, Path directory) {}

  /** Something to remove. */
  public sealed interface Action {
    record Kill(VmmProcess process) implements Action {}

    record RemoveDirectory(Path directory) implements Action {}
  }

  /**
   * What to do, in order: processes before the directories that they hold open.
   *
   * @param intended names of the microVMs that live; read <em>after</em> the actual state, so that
   *     one which is just being made is in it
   * @param root where the directories of all microVMs of this worker lie; nothing outside it is
   *     ever touched
   */
  public static List<Action> plan(
      Set<String> intended,
      Path root,
      Collection<VmmProcess> processes,
      Collection<Path> directories) {
    var actions = new ArrayList<Action>();
    for (var process : processes) {
      if (isOurs(root, process.directory()) && !intended.contains(name(process.directory()))) {
        actions.add(new Action.Kill(process));
      }
    }
    for (var directory : directories) {
      if (isOurs(root, directory) && !intended.contains(name(directory))) {
        actions.add(new Action.RemoveDirectory(directory));
      }
    }
    return actions;
  }

  private static boolean isOurs(Path root, Path directory) {
    return root.normalize().equals(directory.normalize().getParent());
  }

  private static String name(Path directory) {
    return String.valueOf(directory.normalize().getFileName());
  }
}
