package dev.mayfly.core.placement;

import static dev.mayfly.core.job.Examples.NOON;
import static dev.mayfly.core.placement.Fleets.SILENT_SINCE;
import static dev.mayfly.core.placement.Fleets.fleet;
import static dev.mayfly.core.placement.Fleets.idle;
import static dev.mayfly.core.placement.Fleets.worker;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.image.BundleSupply;
import dev.mayfly.core.job.Examples;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobStore.ProjectUse;
import dev.mayfly.core.quota.Project;
import dev.mayfly.core.quota.Quotas;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QueuePolicyTest {
  private static final ProjectName A = new ProjectName("a");
  private static final ProjectName B = new ProjectName("b");
  private static final ProjectName C = new ProjectName("c");
  private static final Shape CPU = new Shape(1, 128, 64);
  private static final FleetView TEN_CPUS =
      fleet(idle(worker("w").capacity(10, 10_000, 100_000).build()));

  private static Job job(ProjectName project, Priority priority, Shape shape) {
    return Examples.job(NOON, Examples.demand(project, priority, shape));
  }

  private static Job job(ProjectName project) {
    return job(project, Priority.NORMAL, CPU);
  }

  private static Quotas quotas(OptionalInt all, Project... projects) {
    Map<ProjectName, Project> byName = new HashMap<>();
    List.of(projects).forEach(project -> byName.put(project.name(), project));
    return new Quotas(all, byName, Map.of());
  }

  private static Project weighing(ProjectName name, int weight) {
    return new Project(name, weight, OptionalInt.empty());
  }

  private static ProjectUse using(int cpus) {
    return new ProjectUse(cpus, new Capacity(cpus, 0, 0));
  }

  /** The order in which all are looked at when each is placed. */
  private static List<Job> placingAll(QueuePolicy queue) {
    List<Job> order = new ArrayList<>();
    Optional<Job> next = queue.next();
    while (next.isPresent()) {
      order.add(next.get());
      queue.placed(next.get());
      next = queue.next();
    }
    return order;
  }

  @Test
  void aHigherClassGoesFirstWhateverTheShares() {
    Job low = job(A, Priority.LOW, CPU);
    Job normal = job(A);
    Job high = job(B, Priority.HIGH, CPU);
    Job urgent = job(B, Priority.URGENT, CPU);
    QueuePolicy queue =
        new QueuePolicy(
            List.of(normal, low, urgent, high), TEN_CPUS, Quotas.NONE, Map.of(B, using(9)));
    assertThat(placingAll(queue)).containsExactly(urgent, high, normal, low);
  }

  @Test
  void insideAClassWhoHasLeastGoesFirst() {
    Job a1 = job(A);
    Job a2 = job(A);
    Job b1 = job(B);
    Job b2 = job(B);
    QueuePolicy equal = new QueuePolicy(List.of(a1, a2, b1, b2), TEN_CPUS, Quotas.NONE, Map.of());
    assertThat(placingAll(equal)).containsExactly(a1, b1, a2, b2);
    QueuePolicy ahead =
        new QueuePolicy(List.of(a1, a2, b1, b2), TEN_CPUS, Quotas.NONE, Map.of(A, using(2)));
    assertThat(placingAll(ahead)).containsExactly(b1, b2, a1, a2);
  }

  @Test
  void aWeightOfThreeIsThreeJobsForOne() {
    List<Job> heads = new ArrayList<>();
    IntStream.range(0, 8).forEach(_ -> heads.add(job(A)));
    IntStream.range(0, 8).forEach(_ -> heads.add(job(B)));
    QueuePolicy queue =
        new QueuePolicy(heads, TEN_CPUS, quotas(OptionalInt.empty(), weighing(B, 3)), Map.of());
    assertThat(placingAll(queue).stream().limit(8).filter(heads.subList(0, 8)::contains))
        .hasSize(2);
  }

  @Test
  void theDominantResourceCountsNotTheNumberOfJobs() {
    Job memory = job(A, Priority.NORMAL, new Shape(1, 5000, 64));
    Job a2 = job(A);
    Job b1 = job(B);
    Job b2 = job(B);
    Job b3 = job(B);
    QueuePolicy queue =
        new QueuePolicy(List.of(memory, a2, b1, b2, b3), TEN_CPUS, Quotas.NONE, Map.of());
    assertThat(placingAll(queue)).containsExactly(memory, b1, b2, b3, a2);
  }

  @Test
  void whoWaitsTakesNoShare() {
    Job a1 = job(A);
    Job a2 = job(A);
    Job b1 = job(B);
    QueuePolicy queue = new QueuePolicy(List.of(a1, a2, b1), TEN_CPUS, Quotas.NONE, Map.of());
    assertThat(queue.next()).contains(a1);
    assertThat(queue.next()).contains(a2);
    assertThat(queue.next()).contains(b1);
    assertThat(queue.next()).isEmpty();
  }

  @Test
  void capsAreKeptOfProjectsAndOfAll() {
    List<Job> heads = List.of(job(A), job(A), job(A), job(B), job(B), job(B));
    QueuePolicy capped =
        new QueuePolicy(
            heads,
            TEN_CPUS,
            quotas(OptionalInt.empty(), new Project(A, 1, OptionalInt.of(3))),
            Map.of(A, using(1)));
    assertThat(placingAll(capped).stream().filter(heads.subList(0, 3)::contains)).hasSize(2);
    QueuePolicy all =
        new QueuePolicy(heads, TEN_CPUS, quotas(OptionalInt.of(4)), Map.of(A, using(1)));
    assertThat(placingAll(all)).hasSize(3);
    QueuePolicy full =
        new QueuePolicy(heads, TEN_CPUS, quotas(OptionalInt.of(4)), Map.of(C, using(4)));
    assertThat(full.next()).isEmpty();
  }

  @Test
  void withoutAnyWorkerTheOrderIsThatOfSubmission() {
    Job a1 = job(A);
    Job b1 = job(B);
    Job a2 = job(A);
    QueuePolicy queue = new QueuePolicy(List.of(a1, b1, a2), fleet(), Quotas.NONE, Map.of());
    assertThat(placingAll(queue)).containsExactly(a1, b1, a2);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void everyJobIsLookedAtOnceWhateverIsPlaced(long seed) {
    Random random = new Random(seed);
    List<Job> heads = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      heads.add(
          job(
              new ProjectName("p" + random.nextInt(9)),
              Priority.values()[random.nextInt(4)],
              new Shape(1 + random.nextInt(8), 128 + random.nextInt(1000), 64)));
    }
    QueuePolicy queue =
        new QueuePolicy(
            heads,
            TEN_CPUS,
            quotas(OptionalInt.empty(), weighing(new ProjectName("p1"), 1 + random.nextInt(9))),
            Map.of(new ProjectName("p2"), using(random.nextInt(5))));
    Set<Job> seen = new HashSet<>();
    Optional<Job> next = queue.next();
    Priority last = Priority.URGENT;
    while (next.isPresent()) {
      assertThat(seen.add(next.get())).isTrue();
      assertThat(next.get().spec().demand().priority()).isLessThanOrEqualTo(last);
      last = next.get().spec().demand().priority();
      if (random.nextBoolean()) {
        queue.placed(next.get());
      }
      next = queue.next();
    }
    assertThat(seen).hasSize(200);
  }

  /** A fleet that always has more to do than it can, whose jobs end at random. */
  private static final class Load {
    private final Random random;
    private final List<Worker> workers = new ArrayList<>();
    private final Map<Job, WorkerId> running = new HashMap<>();
    private final Map<ProjectName, List<Shape>> shapes;
    private final Map<ProjectName, Double> cpuSteps = new HashMap<>();
    private final Map<ProjectName, List<Job>> queues = new HashMap<>();

    Load(long seed, Map<ProjectName, List<Shape>> shapes) {
      random = new Random(seed);
      this.shapes = new HashMap<>(shapes);
      for (int i = 0; i < 10; i++) {
        workers.add(worker("w" + i).capacity(16, 32_000, 1_000_000).build());
      }
    }

    private Capacity used(WorkerId worker) {
      Capacity used = Capacity.NONE;
      for (Map.Entry<Job, WorkerId> entry : running.entrySet()) {
        if (entry.getValue().equals(worker)) {
          used = used.plus(entry.getKey().spec().shape());
        }
      }
      return used;
    }

    private List<Job> heads() {
      shapes.forEach((project, some) -> {
        List<Job> queue = queues.computeIfAbsent(project, _ -> new ArrayList<>());
        while (queue.size() < 40) {
          Shape shape = some.get(random.nextInt(some.size()));
          queue.add(job(project, Priority.NORMAL, shape));
        }
      });
      return queues.values().stream().flatMap(List::stream).toList();
    }

    void joins(ProjectName project, Shape shape) {
      shapes.put(project, List.of(shape));
    }

    /** Some jobs end, then one pass places others; who got placed. */
    List<Job> step(Quotas quotas) {
      running.keySet().removeIf(_ -> random.nextInt(5) == 0);
      Map<ProjectName, ProjectUse> use = new HashMap<>();
      running
          .keySet()
          .forEach(job ->
              use.merge(
                  job.spec().demand().project(),
                  new ProjectUse(1, Capacity.NONE.plus(job.spec().shape())),
                  (old, _) ->
                      new ProjectUse(old.jobs() + 1, old.reserved().plus(job.spec().shape()))));
      FleetView view =
          new FleetView(workers.stream().map(w -> new FleetView.Member(w, used(w.id()))).toList());
      PlacementPlanner.Plan plan =
          PlacementPlanner.plan(
              new PlacementPlanner.Situation(heads(), view, quotas, use, BundleSupply.NONE),
              SILENT_SINCE,
              1000);
      plan.choices()
          .forEach(choice -> {
            running.put(choice.job(), choice.worker());
            queues
                .getOrDefault(choice.job().spec().demand().project(), List.of())
                .remove(choice.job());
          });
      workers.forEach(
          w -> assertThat(w.capacity().cpus()).isGreaterThanOrEqualTo(used(w.id()).cpus()));
      running
          .keySet()
          .forEach(job ->
              cpuSteps.merge(
                  job.spec().demand().project(), (double) job.spec().shape().cpus(), Double::sum));
      return plan.choices().stream().map(PlacementPlanner.Choice::job).toList();
    }

    double share(ProjectName project) {
      double all = cpuSteps.values().stream().mapToDouble(Double::doubleValue).sum();
      return cpuSteps.getOrDefault(project, 0.0) / all;
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void sharesConvergeToTheWeights(long seed) {
    List<Shape> sizes = List.of(CPU, new Shape(2, 256, 64), new Shape(3, 384, 64));
    Load load = new Load(seed, Map.of(A, sizes, B, sizes, C, List.of(CPU)));
    Quotas quotas = quotas(OptionalInt.empty(), weighing(A, 5), weighing(B, 3), weighing(C, 2));
    for (int i = 0; i < 150; i++) {
      load.step(quotas);
    }
    assertThat(load.share(A)).isCloseTo(0.5, within(0.03));
    assertThat(load.share(B)).isCloseTo(0.3, within(0.03));
    assertThat(load.share(C)).isCloseTo(0.2, within(0.03));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void smallJobsDoNotStarveABigOne(long seed) {
    Load load = new Load(seed, Map.of(A, List.of(CPU), B, List.of(CPU)));
    for (int i = 0; i < 10; i++) {
      load.step(Quotas.NONE);
    }
    load.joins(C, new Shape(16, 512, 64));
    int placedBig = 0;
    for (int i = 0; i < 200; i++) {
      for (Job placed : load.step(Quotas.NONE)) {
        placedBig += placed.spec().demand().project().equals(C) ? 1 : 0;
      }
    }
    assertThat(placedBig).isGreaterThan(10);
  }
}
