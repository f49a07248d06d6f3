package dev.mayfly.it.simulation;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.InMemoryWorkerStore;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImageBuildStore;
import dev.mayfly.core.image.ImagePolicyStore;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.image.InMemoryBundleStore;
import dev.mayfly.core.image.InMemoryImageBuildStore;
import dev.mayfly.core.image.InMemoryImagePolicyStore;
import dev.mayfly.core.image.InMemoryImageStore;
import dev.mayfly.core.image.InMemoryImages;
import dev.mayfly.core.job.InMemoryDatabase;
import dev.mayfly.core.job.InMemoryJobStore;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.log.InMemoryLogStore;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.core.placement.ExplanationStore;
import dev.mayfly.core.placement.InMemoryExplanationStore;
import dev.mayfly.core.quota.InMemoryQuotaStore;
import dev.mayfly.core.quota.QuotaStore;
import dev.mayfly.server.persistence.WorkerConnections;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * The one database of all orchestrators. Any call may fail before it did anything, or after it was
 * committed; the caller cannot tell which. After each call that may write, the invariants of what
 * is stored are checked.
 */
final class SimulatedDatabase {
  private static final Set<String> READS =
      Set.of(
          "submitted",
          "find",
          "attempts",
          "list",
          "heads",
          "awaitingImage",
          "open",
          "latest",
          "servable",
          "waiting",
          "use",
          "countQueued",
          "aheadOf",
          "activeOn",
          "expired",
          "queueTimedOut",
          "sessionsExpired",
          "faultStreaks",
          "findByNameOrId",
          "fleet",
          "quotas",
          "read",
          "current",
          "toString",
          "hashCode",
          "equals");

  /** One in so many waits is long enough that something else happens. */
  private static final int SLOW_CALLS = 8;

  private static final int MOST_DELAY_MILLIS = 20;

  private final InMemoryDatabase tables = new InMemoryDatabase();
  private final World world;
  private final SplittableRandom random;
  private final Runnable written;
  private final int failuresPerThousand;
  private final JobStore jobs;
  private final WorkerStore workers = faulty(WorkerStore.class, new InMemoryWorkerStore(tables));
  private final WorkerConnections connections;
  private final LogStore logs = faulty(LogStore.class, new InMemoryLogStore(tables));
  private final QuotaStore quotas = faulty(QuotaStore.class, new InMemoryQuotaStore(tables));
  private final ExplanationStore explanations =
      faulty(ExplanationStore.class, new InMemoryExplanationStore(tables));
  private final ImageStore images;
  private final BundleStore bundles;
  private final ImageBuildStore builds;
  private final InMemoryImages shared = new InMemoryImages(Set::of);

  /**
   * @param written called after every call that may have written
   */
  SimulatedDatabase(
      Image image,
      World world,
      SplittableRandom random,
      int failuresPerThousand,
      Runnable written) {
    this.world = world;
    this.random = random;
    this.failuresPerThousand = failuresPerThousand;
    this.written = written;
    InMemoryJobStore real = new InMemoryJobStore(tables);
    this.jobs =
        faulty(
            JobStore.class,
            world.has(Defect.PLACEMENTS_ARE_NOT_CHECKED) ? UncheckedPlacements.of(real) : real);
    this.connections =
        faulty(
            WorkerConnections.class,
            new InMemoryWorkerConnections(tables, world.has(Defect.OLD_FAREWELL_COUNTS)));
    InMemoryImageStore known = new InMemoryImageStore(shared);
    InMemoryBundleStore there = new InMemoryBundleStore(shared);
    known.publish(image);
    this.bundles = faulty(BundleStore.class, there);
    this.builds = faulty(ImageBuildStore.class, new InMemoryImageBuildStore(tables, known, there));
    this.images = faulty(ImageStore.class, known);
  }

  /** What is stored, for checks; nothing fails here. */
  InMemoryDatabase tables() {
    return tables;
  }

  /** What a person orders; nothing fails here. */
  void setDuty(WorkerId worker, Duty duty) {
    new InMemoryWorkerStore(tables).setDuty(worker, duty);
  }

  void resumeQuarantined() {
    for (Worker worker : List.copyOf(tables.workers.values())) {
      if (worker.duty() instanceof Duty.Quarantined) {
        setDuty(worker.id(), new Duty.Accepting());
      }
    }
  }

  JobStore jobs() {
    return jobs;
  }

  WorkerStore workers() {
    return workers;
  }

  WorkerConnections connections() {
    return connections;
  }

  LogStore logs() {
    return logs;
  }

  QuotaStore quotas() {
    return quotas;
  }

  ExplanationStore explanations() {
    return explanations;
  }

  BundleStore bundles() {
    return bundles;
  }

  ImageBuildStore builds() {
    return builds;
  }

  /** Nothing fails here. */
  ImagePolicyStore policies() {
    return new InMemoryImagePolicyStore(shared);
  }

  ImageStore images() {
    return images;
  }

  private <T> T faulty(Class<T> port, T real) {
    return port.cast(
        Proxy.newProxyInstance(
            port.getClassLoader(),
            new Class<?>[] {port},
            (proxy, method, arguments) -> call(real, method, arguments)));
  }

  /** Others come between any two calls, and between a commit and its answer. */
  private void wait(Method method) {
    if (method.getDeclaringClass() != Object.class && random.nextInt(SLOW_CALLS) == 0) {
      SimulatedProcess.pause(Duration.ofMillis(random.nextInt(MOST_DELAY_MILLIS)));
    }
  }

  private Object call(Object real, Method method, Object[] arguments) throws Throwable {
    wait(method);
    boolean fails = world.storm() && random.nextInt(1000) < failuresPerThousand;
    boolean before = fails && random.nextBoolean();
    if (before) {
      throw new StoreFailure(method.getName() + " failed before its commit");
    }
    Object answer;
    try {
      answer = method.invoke(real, arguments);
    } catch (InvocationTargetException thrown) {
      throw thrown.getCause();
    }
    if (!READS.contains(method.getName())) {
      written.run();
    }
    wait(method);
    if (fails) {
      throw new StoreFailure(method.getName() + " failed after its commit");
    }
    return answer;
  }
}
