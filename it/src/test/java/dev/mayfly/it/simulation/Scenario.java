package dev.mayfly.it.simulation;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.job.JobLimits;
import dev.mayfly.core.job.JobSpec;
import dev.mayfly.core.job.Workload;
import dev.mayfly.core.quota.PoolStrategy;
import dev.mayfly.core.quota.Project;
import dev.mayfly.core.quota.Quotas;
import dev.mayfly.worker.core.slot.HostCapacity;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What is to happen in one simulation, but for chance on the way: the machines, the jobs and the
 * troubles.
 *
 * @param roughConnectionsPercent on how many connections single messages are meddled with
 */
record Scenario(
    int orchestrators,
    List<HostCapacity> hosts,
    List<Wish> wishes,
    List<Trouble> troubles,
    Quotas quotas,
    Duration stormLength,
    Duration sweep,
    int storeFailuresPerThousand,
    int roughConnectionsPercent) {

  static final ImageRef IMAGE = new ImageRef("debian:12");

  /** Images that nobody has published: the first job that names one has it built. */
  static final List<ImageRef> TO_BUILD =
      List.of(new ImageRef("built:1"), new ImageRef("built:2"), new ImageRef("built:3"));

  private static final Trouble.Kind[] KINDS = Trouble.Kind.values();

  /**
   * A job that a user wants.
   *
   * @param cancelAfter from the first try to submit it; null: never
   */
  record Wish(String key, Duration after, JobSpec spec, @Nullable Duration cancelAfter) {}

  /** Something that goes wrong, with which of its kind and for how long. */
  record Trouble(Kind kind, Duration after, int which, Duration length) {
    enum Kind {
      CUT,
      WORKER_FREEZES,
      ORCHESTRATOR_FREEZES,
      WORKER_CRASHES,
      HOST_FAILS,
      ORCHESTRATOR_CRASHES,
      VMM_DIES,
      DISK_FILLS,
      WORKER_LEAVES,
      WORKER_IS_CUT_OFF,
      WORKER_DRAINS
    }
  }

  static Image image() {
    return new Image(IMAGE, HostPorts.BUNDLE, "x86_64", 1, Instant.EPOCH);
  }

  /** Nothing goes wrong in some of them: then nothing may be retried or lost. */
  boolean calm() {
    return troubles.isEmpty() && storeFailuresPerThousand == 0 && roughConnectionsPercent == 0;
  }

  boolean has(Trouble.Kind kind) {
    return troubles.stream().anyMatch(trouble -> trouble.kind() == kind);
  }

  boolean restartsWorkers() {
    return has(Trouble.Kind.WORKER_CRASHES)
        || has(Trouble.Kind.WORKER_LEAVES)
        || has(Trouble.Kind.HOST_FAILS);
  }

  static Scenario draw(SplittableRandom random) {
    boolean calm = random.nextInt(10) == 0;
    Duration storm = Duration.ofSeconds(10 + random.nextInt(60));
    List<HostCapacity> hosts = new ArrayList<>();
    for (int count = 1 + random.nextInt(4); count > 0; count--) {
      int size = 1 + random.nextInt(4);
      hosts.add(new HostCapacity(2 * size, 2048 * size, 8192 * size));
    }
    List<Wish> wishes = new ArrayList<>();
    for (int count = 3 + random.nextInt(18); count > 0; count--) {
      wishes.add(wish(random, "key-" + count, storm));
    }
    List<Trouble> troubles = new ArrayList<>();
    for (int count = calm ? 0 : random.nextInt(12); count > 0; count--) {
      troubles.add(
          new Trouble(
              KINDS[random.nextInt(KINDS.length)],
              Duration.ofMillis(random.nextLong(storm.toMillis())),
              random.nextInt(64),
              Duration.ofMillis(
                  random.nextInt(2) == 0 ? random.nextInt(3_000) : random.nextInt(50_000))));
    }
    return new Scenario(
        1 + random.nextInt(2),
        List.copyOf(hosts),
        List.copyOf(wishes),
        List.copyOf(troubles),
        quotas(random),
        storm,
        Duration.ofSeconds(1 + random.nextInt(5)),
        calm || random.nextBoolean() ? 0 : 1 + random.nextInt(40),
        calm || random.nextInt(4) > 0 ? 0 : 40);
  }

  private static Wish wish(SplittableRandom random, String key, Duration storm) {
    boolean toBuild = random.nextInt(5) == 0;
    Demand demand =
        new Demand(
            new ProjectName("project-" + random.nextInt(3)),
            Priority.values()[random.nextInt(Priority.values().length)],
            toBuild ? TO_BUILD.get(random.nextInt(TO_BUILD.size())) : IMAGE,
            toBuild ? Optional.empty() : Optional.of(HostPorts.BUNDLE),
            toBuild ? "" : "x86_64",
            new Shape(1 + random.nextInt(2), 256 << random.nextInt(3), 512 << random.nextInt(3)),
            new TreeSet<>());
    JobSpec spec =
        new JobSpec(
            demand,
            new Workload.Batch(List.of("job", key)),
            new TreeMap<>(Map.of()),
            new TreeSet<>(),
            "/",
            "",
            NetworkMode.NONE,
            new JobLimits(
                Duration.ofSeconds(5 + random.nextInt(60)),
                Duration.ofSeconds(20 + random.nextInt(300)),
                1 + random.nextInt(3),
                1L << 30));
    return new Wish(
        key,
        Duration.ofMillis(random.nextLong(storm.toMillis())),
        spec,
        random.nextInt(6) == 0 ? Duration.ofMillis(random.nextInt(20_000)) : null);
  }

  private static Quotas quotas(SplittableRandom random) {
    Map<ProjectName, Project> projects = new HashMap<>();
    for (int number = 0; number < 3; number++) {
      if (random.nextInt(3) == 0) {
        ProjectName name = new ProjectName("project-" + number);
        projects.put(
            name, new Project(name, 1 + random.nextInt(5), OptionalInt.of(1 + random.nextInt(3))));
      }
    }
    return new Quotas(
        random.nextInt(4) == 0 ? OptionalInt.of(2 + random.nextInt(6)) : OptionalInt.empty(),
        projects,
        Map.of(
            new WorkerPoolName("default"),
            random.nextBoolean() ? PoolStrategy.PACK : PoolStrategy.SPREAD));
  }
}
