package dev.mayfly.worker.core.janitor;

import dev.mayfly.worker.core.lease.AttemptLease;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Compares what should be on this host with what is there, class by class. Pure. */
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

  /**
   * What is there.
   *
   * @param root where the directories of all microVMs of this worker lie; nothing outside it is
   *     ever touched
   * @param directories of microVMs, with their disks and sockets
   * @param slots who has one
   * @param overdue attempts that live though their lease has ended
   * @param spools of logs
   * @param journals readable or not
   */
  public record Actual(
      Path root,
      List<VmmProcess> processes,
      List<Path> directories,
      Set<String> slots,
      Set<AttemptLease> overdue,
      List<AttemptLease> spools,
      List<AttemptLease> journals) {

    public Actual {
      processes = List.copyOf(processes);
      directories = List.copyOf(directories);
      slots = Set.copyOf(slots);
      overdue = Set.copyOf(overdue);
      spools = List.copyOf(spools);
      journals = List.copyOf(journals);
    }
  }

  /**
   * What should be there.
   *
   * @param living attempts that may have a microVM, a slot and all else
   * @param tracked attempts of which something has still to be delivered
   */
  public record Intended(Set<AttemptLease> living, Set<AttemptLease> tracked) {
    public Intended {
      living = Set.copyOf(living);
      tracked = Set.copyOf(tracked);
    }

    private boolean ownsMicroVm(Path directory) {
      var name = String.valueOf(directory.normalize().getFileName());
      return living.stream().anyMatch(lease -> lease.microVmName().equals(name));
    }

    private boolean ownsSlot(String owner) {
      return living.stream().anyMatch(lease -> lease.toString().equals(owner));
    }

    private boolean ownsRecords(AttemptLease lease) {
      return living.contains(lease) || tracked.contains(lease);
    }
  }

  /** Something to do. */
  public sealed interface Action {
    record Kill(VmmProcess process) implements Action {}

    record RemoveDirectory(Path directory) implements Action {}

    record ReleaseSlot(String owner) implements Action {}

    /** Its lease has ended, and so must it. */
    record EndAttempt(AttemptLease lease) implements Action {}

    record RemoveSpool(AttemptLease lease) implements Action {}

    record RemoveJournal(AttemptLease lease) implements Action {}
  }

  /**
   * What to do, in order: processes before the directories that they hold open.
   *
   * @param intended looked at <em>after</em> the actual state, so that what is just being made is
   *     in it
   */
  public static List<Action> plan(Intended intended, Actual actual) {
    var actions = new ArrayList<Action>();
    for (var process : actual.processes()) {
      if (isOurs(actual.root(), process.directory())
          && !intended.ownsMicroVm(process.directory())) {
        actions.add(new Action.Kill(process));
      }
    }
    for (var directory : actual.directories()) {
      if (isOurs(actual.root(), directory) && !intended.ownsMicroVm(directory)) {
        actions.add(new Action.RemoveDirectory(directory));
      }
    }
    actual.overdue().stream()
        .filter(intended.living()::contains)
        .forEach(lease -> actions.add(new Action.EndAttempt(lease)));
    actual.slots().stream()
        .filter(owner -> !intended.ownsSlot(owner))
        .forEach(owner -> actions.add(new Action.ReleaseSlot(owner)));
    actual.spools().stream()
        .filter(lease -> !intended.ownsRecords(lease))
        .forEach(lease -> actions.add(new Action.RemoveSpool(lease)));
    actual.journals().stream()
        .filter(lease -> !intended.ownsRecords(lease))
        .forEach(lease -> actions.add(new Action.RemoveJournal(lease)));
    return List.copyOf(actions);
  }

  private static boolean isOurs(Path root, Path directory) {
    return root.normalize().equals(directory.normalize().getParent());
  }
}
