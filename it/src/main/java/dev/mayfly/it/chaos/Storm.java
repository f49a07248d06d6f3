package dev.mayfly.it.chaos;

import dev.mayfly.it.fleet.CuttingProxy;
import dev.mayfly.it.fleet.Deployment;
import dev.mayfly.it.fleet.HostResources;
import dev.mayfly.it.fleet.Service;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * Kills one part after another at random, and starts again what does not start by itself. Used by
 * one thread.
 */
final class Storm {
  private static final long LEAST_PAUSE_MILLIS = 500;
  private static final long MOST_PAUSE_MILLIS = 4000;

  /** How long a killed part stays away: from at once to longer than a few heartbeats. */
  private static final long MOST_ABSENCE_MILLIS = 8000;

  /** Longer than a lease, now and then: what a worker runs is then given to another. */
  private static final long LONG_ABSENCE_MILLIS = 40_000;

  private static final double LONG_ABSENCE_SHARE = 0.05;

  /** What can be hit. */
  enum Target {
    WORKER(4),
    ORCHESTRATOR(3),
    VMM(4),
    CONNECTIONS(4),
    DATABASE(1);

    private final int weight;

    Target(int weight) {
      this.weight = weight;
    }
  }

  private final Deployment deployment;
  private final HostResources resources;
  private final RandomGenerator random;
  private final Map<Target, Integer> hits = new EnumMap<>(Target.class);

  Storm(Deployment deployment, RandomGenerator random) {
    this.deployment = deployment;
    this.resources = new HostResources(deployment.directory());
    this.random = random;
    for (Target target : Target.values()) {
      hits.put(target, 0);
    }
  }

  /** How often each was hit. */
  Map<Target, Integer> hits() {
    return Map.copyOf(hits);
  }

  /** Rages for so long; afterwards everything runs again. */
  void rage(Duration length) throws IOException, InterruptedException {
    long end = System.nanoTime() + length.toNanos();
    while (System.nanoTime() < end) {
      TimeUnit.MILLISECONDS.sleep(random.nextLong(LEAST_PAUSE_MILLIS, MOST_PAUSE_MILLIS));
      hit(choose());
    }
  }

  private Target choose() {
    int all = 0;
    for (Target target : Target.values()) {
      all += target.weight;
    }
    int point = random.nextInt(all);
    for (Target target : Target.values()) {
      point -= target.weight;
      if (point < 0) {
        return target;
      }
    }
    throw new IllegalStateException("weights do not add up");
  }

  private void hit(Target target) throws IOException, InterruptedException {
    boolean done =
        switch (target) {
          case WORKER -> restart(deployment.workers());
          case ORCHESTRATOR -> restart(deployment.orchestrators());
          case VMM -> killVmm();
          case CONNECTIONS -> cut();
          case DATABASE -> {
            deployment.crashDatabase();
            yield true;
          }
        };
    if (done) {
      hits.merge(target, 1, Integer::sum);
    }
  }

  private boolean restart(List<Service> services) throws IOException, InterruptedException {
    Service service = services.get(random.nextInt(services.size()));
    service.kill();
    long most =
        random.nextDouble() < LONG_ABSENCE_SHARE ? LONG_ABSENCE_MILLIS : MOST_ABSENCE_MILLIS;
    TimeUnit.MILLISECONDS.sleep(random.nextLong(most));
    service.start();
    return true;
  }

  private boolean killVmm() throws IOException {
    List<Long> vmms = resources.vmms();
    if (vmms.isEmpty()) {
      return false;
    }
    return ProcessHandle.of(vmms.get(random.nextInt(vmms.size())))
        .map(ProcessHandle::destroyForcibly)
        .orElse(false);
  }

  private boolean cut() {
    List<CuttingProxy> proxies = deployment.proxies();
    return proxies.get(random.nextInt(proxies.size())).cut() > 0;
  }
}
