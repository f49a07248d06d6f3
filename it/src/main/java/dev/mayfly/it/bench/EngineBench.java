package dev.mayfly.it.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;

/**
 * {@code ./mayfly bench engine [--workers N] [--jobs N] [--queue N] [--threads N] [--full]}: how
 * fast jobs are taken in and placed, and how that changes with the number of workers and the length
 * of the queue. The orchestrator is a real process on its embedded PostgreSQL with fsync on; the
 * workers are real connections without microVMs.
 */
public final class EngineBench {
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final Duration TAKES = Duration.ofMillis(50);
  private static final Duration LOOK = Duration.ofMillis(1);

  /** The same room in all, whether on few workers or on many. */
  private static final int SLOTS_IN_ALL = 4000;

  private static final int FEW_WORKERS = 10;
  private static final int SHORT_QUEUE = 100;
  private static final int SAMPLES = 300;
  private static final int WARM_UP = 1000;

  /** No worker here has so many, so it waits for ever. */
  private static final String UNPLACEABLE = ",\"shape\":{\"cpus\":32,\"memoryMib\":1048576}";

  private static final String URGENT = ",\"priority\":\"URGENT\"";

  /** What the command line asked for. */
  private record Options(int workers, int jobs, int queue, int threads) {
    private static final String USAGE =
        "bench engine takes --workers N (10 to 1000), --jobs N (100 to 1000000), --queue N (100 to"
            + " 1000000), --threads N (1 to 64), or --full";

    static Options parse(String[] arguments) {
      Options options = new Options(200, 10_000, 10_000, 8);
      for (int i = 0; i < arguments.length; i++) {
        if (arguments[i].equals("--full")) {
          options = new Options(1000, 100_000, 100_000, options.threads);
          continue;
        }
        String value = i + 1 < arguments.length ? arguments[i + 1] : "";
        options =
            switch (arguments[i]) {
              case "--workers" -> options.with(number(value, FEW_WORKERS, 1000), -1, -1, -1);
              case "--jobs" -> options.with(-1, number(value, 100, 1_000_000), -1, -1);
              case "--queue" -> options.with(-1, -1, number(value, SHORT_QUEUE, 1_000_000), -1);
              case "--threads" -> options.with(-1, -1, -1, number(value, 1, 64));
              default -> throw new IllegalArgumentException(USAGE);
            };
        i++;
      }
      return options;
    }

    private Options with(int newWorkers, int newJobs, int newQueue, int newThreads) {
      return new Options(
          newWorkers < 0 ? workers : newWorkers,
          newJobs < 0 ? jobs : newJobs,
          newQueue < 0 ? queue : newQueue,
          newThreads < 0 ? threads : newThreads);
    }

    private static int number(String text, int least, int most) {
      if (!text.matches("\\d{1,7}")
          || Integer.parseInt(text) < least
          || Integer.parseInt(text) > most) {
        throw new IllegalArgumentException(USAGE);
      }
      return Integer.parseInt(text);
    }
  }

  /** What one size of fleet or queue came to. */
  private record Measured(double perSecond, double p50, double p99) {}

  private final Options options;
  private final BenchOrchestrator orchestrator;
  private final Submitters submitters;
  private final Set<UUID> placeable = new HashSet<>();
  private int finished;
  private int repeated;

  private EngineBench(Options options, BenchOrchestrator orchestrator, Submitters submitters) {
    this.options = options;
    this.orchestrator = orchestrator;
    this.submitters = submitters;
  }

  public static void main(String[] arguments) throws Exception {
    Options options;
    try {
      options = Options.parse(arguments);
    } catch (IllegalArgumentException wrong) {
      System.err.println("mayfly: " + wrong.getMessage());
      System.exit(2);
      return;
    }
    Path parent = Files.createDirectories(Path.of(System.getenv("MAYFLY_HOME")).resolve("run"));
    boolean whole;
    try (BenchOrchestrator orchestrator =
            BenchOrchestrator.start(parent, options.queue() + options.jobs() + WARM_UP);
        Submitters submitters =
            new Submitters(orchestrator.url(), orchestrator.apiToken(), options.threads())) {
      submitters.publish(SimulatedWorkers.BUNDLE);
      whole = new EngineBench(options, orchestrator, submitters).run();
    }
    System.exit(whole ? 0 : 1);
  }

  private boolean run() throws Exception {
    print(
        "%d CPUs; PostgreSQL with fsync on; workers and submitters share the machine",
        Runtime.getRuntime().availableProcessors());
    try (SimulatedWorkers workers = workers(FEW_WORKERS)) {
      workers.connect(FEW_WORKERS);
      all(workers, submitters.submitAll(WARM_UP, ""));
      idle(workers);
      count(workers);
    }
    Measured few = fleet(FEW_WORKERS);
    Measured many = fleet(options.workers());
    ratio("workers", FEW_WORKERS, options.workers(), few, many);
    Measured shorter;
    Measured longer;
    try (SimulatedWorkers workers = workers(FEW_WORKERS)) {
      workers.connect(FEW_WORKERS);
      submitters.submitAll(SHORT_QUEUE, UNPLACEABLE);
      shorter = queue(workers, SHORT_QUEUE);
      fill(options.queue() - SHORT_QUEUE);
      longer = queue(workers, options.queue());
      count(workers);
    }
    ratio("queued", SHORT_QUEUE, options.queue(), shorter, longer);
    print("orchestrator     %d MiB resident (its PostgreSQL apart)", orchestrator.residentMib());
    int lost = placeable.size() - finished;
    print("jobs             %d finished, %d lost, %d duplicated", finished, lost, repeated);
    return lost == 0 && repeated == 0;
  }

  private SimulatedWorkers workers(int count) throws Exception {
    return new SimulatedWorkers(
        orchestrator, orchestrator.workerToken(), SLOTS_IN_ALL / count, TAKES);
  }

  private void count(SimulatedWorkers workers) {
    finished += workers.finished();
    repeated += workers.repeated();
    Throwable broken = workers.failure().get();
    if (broken != null) {
      print("a worker's connection broke: %s", broken);
    }
  }

  /** A queue that waits before the workers come, and how fast it drains once they have. */
  private Measured fleet(int count) throws Exception {
    long began = System.nanoTime();
    List<UUID> jobs = submitters.submitAll(options.jobs(), "");
    double submissions = options.jobs() / seconds(began);
    try (SimulatedWorkers workers = workers(count)) {
      long connecting = System.nanoTime();
      workers.connect(count);
      double connected = seconds(connecting);
      List<UUID> urgent = new ArrayList<>();
      while (urgent.size() < SAMPLES && workers.assigned().size() < options.jobs() * 9 / 10) {
        UUID job = submitters.submit(URGENT);
        urgent.add(job);
        awaitAssigned(workers, job);
      }
      List<UUID> all = new ArrayList<>(jobs);
      all.addAll(urgent);
      all(workers, all);
      long first = Collections.min(workers.assigned().values());
      long last = jobs.stream().mapToLong(job -> at(workers.assigned(), job)).max().orElseThrow();
      double placements = (all.size() - 1) / ((last - first) / 1e9);
      print(
          "%4d workers     %.0f submissions/s, %.0f placements/s (%d jobs drained; connected in"
              + " %.1f s)",
          count, submissions, placements, all.size(), connected);
      Measured busy = latency(workers, urgent, placements);
      print("  while draining %d urgent jobs: %s", urgent.size(), text(busy));
      Measured idle = idle(workers);
      count(workers);
      return new Measured(placements, idle.p50(), idle.p99());
    }
  }

  /** Jobs that never fit wait, and jobs that fit come one by one. */
  private Measured queue(SimulatedWorkers workers, int length) throws Exception {
    Thread.sleep(Duration.ofSeconds(2));
    List<UUID> jobs = oneByOne(workers);
    Measured one = latency(workers, jobs, 0);
    print("%6d waiting   that fit nowhere; submit to assigned: %s", length, text(one));
    long began = System.nanoTime();
    List<UUID> burst = submitters.submitAll(SAMPLES * 5, "");
    all(workers, burst);
    double rate = burst.size() / seconds(began);
    print("                 submitted and placed beside them: %.0f jobs/s", rate);
    return new Measured(rate, one.p50(), one.p99());
  }

  private void fill(int count) throws Exception {
    if (count > 0) {
      long began = System.nanoTime();
      submitters.submitAll(count, UNPLACEABLE);
      print("                 %.0f submissions/s while these came", count / seconds(began));
    }
  }

  private Measured idle(SimulatedWorkers workers) throws Exception {
    Measured idle = latency(workers, oneByOne(workers), 0);
    print("  idle           submit to assigned: %s", text(idle));
    return idle;
  }

  private List<UUID> oneByOne(SimulatedWorkers workers) throws Exception {
    List<UUID> jobs = new ArrayList<>();
    for (int i = 0; i < SAMPLES; i++) {
      UUID job = submitters.submit("");
      jobs.add(job);
      awaitAssigned(workers, job);
    }
    all(workers, jobs);
    return jobs;
  }

  private void awaitAssigned(SimulatedWorkers workers, UUID job) throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!workers.assigned().containsKey(job)) {
      if (System.nanoTime() - end > 0) {
        throw new IllegalStateException(
            "job " + job + " was not assigned", workers.failure().get());
      }
      Thread.sleep(LOOK);
    }
  }

  /** Waits until these have been assigned, and as many as were assigned have ended. */
  private void all(SimulatedWorkers workers, List<UUID> jobs) throws InterruptedException {
    placeable.addAll(jobs);
    for (UUID job : jobs) {
      awaitAssigned(workers, job);
    }
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (workers.finished() < workers.assigned().size() && System.nanoTime() - end < 0) {
      Thread.sleep(LOOK);
    }
  }

  private Measured latency(SimulatedWorkers workers, List<UUID> jobs, double rate) {
    Map<UUID, Long> submitted = submitters.submitted();
    List<Long> nanos = new ArrayList<>();
    jobs.forEach(job -> nanos.add(at(workers.assigned(), job) - at(submitted, job)));
    Collections.sort(nanos);
    return nanos.isEmpty()
        ? new Measured(rate, Double.NaN, Double.NaN)
        : new Measured(rate, percentile(nanos, 0.50), percentile(nanos, 0.99));
  }

  private static long at(Map<UUID, Long> times, UUID job) {
    return Objects.requireNonNull(times.get(job));
  }

  private static double percentile(List<Long> sorted, double share) {
    return sorted.get((int) Math.ceil(sorted.size() * share) - 1) / 1e6;
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }

  private static String text(Measured measured) {
    return "p50 %.1f ms, p99 %.1f ms".formatted(measured.p50(), measured.p99());
  }

  private static void ratio(String what, int from, int to, Measured before, Measured after) {
    print(
        "%d -> %d %s: rate x %.2f, idle p50 x %.2f, p99 x %.2f",
        from,
        to,
        what,
        after.perSecond() / before.perSecond(),
        after.p50() / before.p50(),
        after.p99() / before.p99());
  }

  private static void print(String format, Object... values) {
    System.out.printf(Locale.ROOT, format + "%n", values);
  }
}
