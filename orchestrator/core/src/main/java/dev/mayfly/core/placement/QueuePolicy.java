package dev.mayfly.core.placement;

import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobStore.ProjectUse;
import dev.mayfly.core.quota.Quotas;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;

/**
 * Says which waiting job is looked at next. Pure; made for one pass and thrown away. Not
 * thread-safe.
 *
 * <p>A higher priority class goes first, always. Inside a class the project goes first whose
 * dominant share of the fleet (of CPUs, memory or scratch, whichever it has most of) is smallest
 * for its weight, what this pass gave it included; of equals the one whose job came first. Within a
 * project: as submitted. A project at its cap, and everybody once the whole is at its cap, is
 * passed over; the store enforces both again.
 */
public final class QueuePolicy {

  /** One project with what it uses; its share grows with each placement of the pass. */
  private static final class Account {
    final int weight;
    final long cap;
    long active;
    long cpus;
    long memoryMib;
    long scratchMib;

    Account(int weight, long cap, ProjectUse use) {
      this.weight = weight;
      this.cap = cap;
      active = use.jobs();
      cpus = use.reserved().cpus();
      memoryMib = use.reserved().memoryMib();
      scratchMib = use.reserved().scratchMib();
    }

    void add(Shape shape) {
      active++;
      cpus += shape.cpus();
      memoryMib += shape.memoryMib();
      scratchMib += shape.scratchMib();
    }
  }

  /** The waiting jobs of one project in one class, and its weighted share when it was queued. */
  private record Line(Account account, Deque<Job> jobs, double share) {}

  private final Map<ProjectName, Account> accounts = new HashMap<>();
  private final Map<Priority, PriorityQueue<Line>> classes = new EnumMap<>(Priority.class);
  private final long globalCap;
  private long active;
  private long fleetCpus;
  private long fleetMemoryMib;
  private long fleetScratchMib;

  /**
   * @param heads the first jobs of each project, each project's in its own order
   */
  public QueuePolicy(
      List<Job> heads, FleetView fleet, Quotas quotas, Map<ProjectName, ProjectUse> use) {
    for (FleetView.Member member : fleet.members()) {
      if (member.worker().state() != WorkerState.LEFT
          && member.worker().state() != WorkerState.LOST) {
        Capacity capacity = member.worker().capacity();
        fleetCpus += capacity.cpus();
        fleetMemoryMib += capacity.memoryMib();
        fleetScratchMib += capacity.scratchMib();
      }
    }
    globalCap = quotas.maxActive().orElse(Integer.MAX_VALUE);
    active = use.values().stream().mapToLong(ProjectUse::jobs).sum();
    Map<Priority, Map<ProjectName, Deque<Job>>> lines = new EnumMap<>(Priority.class);
    for (Job job : heads) {
      lines
          .computeIfAbsent(job.spec().demand().priority(), _ -> new HashMap<>())
          .computeIfAbsent(job.spec().demand().project(), _ -> new ArrayDeque<>())
          .add(job);
    }
    lines.forEach((priority, projects) -> {
      PriorityQueue<Line> queue = new PriorityQueue<>(FAIREST);
      projects.forEach((project, jobs) -> {
        Account account = accounts.computeIfAbsent(project, name -> account(name, quotas, use));
        queue.add(new Line(account, jobs, share(account)));
      });
      classes.put(priority, queue);
    });
  }

  private static final Comparator<Line> FAIREST =
      Comparator.comparingDouble(Line::share).thenComparing(line -> line.jobs().getFirst().id());

  private static Account account(
      ProjectName name, Quotas quotas, Map<ProjectName, ProjectUse> use) {
    return new Account(
        quotas.project(name).weight(),
        quotas.project(name).maxActive().orElse(Integer.MAX_VALUE),
        use.getOrDefault(name, ProjectUse.NONE));
  }

  /** The next job to look at, each job once; empty: none that may go. */
  public Optional<Job> next() {
    if (active >= globalCap) {
      return Optional.empty();
    }
    for (Priority priority : HIGHEST_FIRST) {
      PriorityQueue<Line> lines = classes.get(priority);
      Optional<Job> job = lines == null ? Optional.empty() : next(lines);
      if (job.isPresent()) {
        return job;
      }
    }
    return Optional.empty();
  }

  private static final List<Priority> HIGHEST_FIRST = List.of(Priority.values()).reversed();

  private Optional<Job> next(PriorityQueue<Line> lines) {
    Line line = lines.poll();
    while (line != null) {
      double share = share(line.account());
      if (line.account().active < line.account().cap) {
        if (share == line.share()) {
          Job job = line.jobs().removeFirst();
          requeue(lines, line, share);
          return Optional.of(job);
        }
        // It was given something since it was queued here: it goes where it belongs now.
        requeue(lines, line, share);
      }
      line = lines.poll();
    }
    return Optional.empty();
  }

  private static void requeue(PriorityQueue<Line> lines, Line line, double share) {
    if (!line.jobs().isEmpty()) {
      lines.add(new Line(line.account(), line.jobs(), share));
    }
  }

  /** Counts a job that {@link #next} gave as placed. */
  public void placed(Job job) {
    Account account = accounts.get(job.spec().demand().project());
    if (account == null) {
      throw new IllegalArgumentException("job " + job.id() + " is not of this queue");
    }
    account.add(job.spec().shape());
    active++;
  }

  private double share(Account account) {
    double dominant =
        Math.max(
            Math.max(part(account.cpus, fleetCpus), part(account.memoryMib, fleetMemoryMib)),
            part(account.scratchMib, fleetScratchMib));
    return dominant / account.weight;
  }

  private static double part(long used, long there) {
    return there == 0 ? 0 : (double) used / there;
  }
}
