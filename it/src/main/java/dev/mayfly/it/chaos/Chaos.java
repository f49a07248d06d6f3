package dev.mayfly.it.chaos;

import dev.mayfly.api.Shape;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.MayflyException;
import dev.mayfly.it.fleet.Deployment;
import dev.mayfly.it.fleet.DirectoryTree;
import dev.mayfly.it.fleet.HostResources;
import dev.mayfly.it.fleet.WorkerPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * {@code ./mayfly chaos [--minutes N] [--seed N] [--no-qemu] [--calm]}: two orchestrators, three
 * workers and a stream of jobs, while workers, orchestrators, VMMs, the database and connections
 * are killed at random; then counts. Exit code 0 when nothing was lost, doubled or left.
 *
 * <p>One worker boots real microVMs; the others run {@link dev.mayfly.it.fleet.LoopbackVmm}, so
 * that there are enough jobs to hit. {@code --calm} kills nothing: it shows that the harness itself
 * is sound.
 */
public final class Chaos {
  private static final Duration AFTERMATH = Duration.ofMinutes(6);

  /** The janitor looks every 30 s, and a microVM that nobody claims goes within a minute. */
  private static final Duration CLEAN_WITHIN = Duration.ofSeconds(90);

  private static final String IMAGE = "debian:12";
  private static final WorkerPlan REAL = new WorkerPlan("w-real", false, new Shape(2, 1536, 8192));
  private static final List<WorkerPlan> DOUBLES =
      List.of(
          new WorkerPlan("w-loop-1", true, new Shape(4, 4096, 16384)),
          new WorkerPlan("w-loop-2", true, new Shape(4, 4096, 16384)));

  private Chaos() {}

  /**
   * What the command line asked for.
   *
   * @param qemu one worker boots real microVMs
   * @param calm nothing is killed
   */
  public record Options(Duration length, long seed, boolean qemu, boolean calm) {
    static Options parse(String[] arguments) {
      long seconds = 300;
      long seed = new Random().nextInt(1_000_000);
      boolean qemu = true;
      boolean calm = false;
      for (int i = 0; i < arguments.length; i++) {
        String value = i + 1 < arguments.length ? arguments[i + 1] : "";
        switch (arguments[i]) {
          case "--no-qemu" -> qemu = false;
          case "--calm" -> calm = true;
          case "--minutes" -> seconds = Math.round(60 * number(arguments[i++], value, 1440));
          case "--seed" -> seed = (long) number(arguments[i++], value, Integer.MAX_VALUE);
          default ->
              throw new IllegalArgumentException(
                  "chaos takes --minutes N, --seed N, --no-qemu and --calm, not " + arguments[i]);
        }
      }
      return new Options(Duration.ofSeconds(seconds), seed, qemu, calm);
    }

    private static double number(String option, String value, double most) {
      if (!value.matches("\\d{1,9}(\\.\\d{1,3})?") || Double.parseDouble(value) > most) {
        throw new IllegalArgumentException(option + " takes a number up to " + (long) most);
      }
      return Double.parseDouble(value);
    }
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
    Path images = Path.of(System.getenv("MAYFLY_HOME")).resolve("images");
    System.exit(run(options, images) ? 0 : 1);
  }

  /** Runs it and prints the counts; true when all that must be zero is. */
  public static boolean run(Options options, Path images) throws Exception {
    // Short, because the path of a Unix socket holds 107 bytes.
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "mayfly-chaos-");
    System.out.println(
        "chaos for "
            + options.length().toSeconds()
            + " s with seed "
            + options.seed()
            + "; logs are in "
            + directory
            + " until it ends well");
    List<WorkerPlan> workers =
        Stream.concat(options.qemu() ? Stream.of(REAL) : Stream.of(), DOUBLES.stream()).toList();
    boolean clean;
    try (Deployment deployment = Deployment.start(directory, images, 2, workers)) {
      deployment.publish(images, IMAGE);
      clean = storm(options, deployment);
    }
    if (clean) {
      DirectoryTree.remove(directory);
    }
    return clean;
  }

  private static boolean storm(Options options, Deployment deployment) throws Exception {
    SplittableRandom random = new SplittableRandom(options.seed());
    List<JobStream.Lane> lanes =
        Stream.concat(
                options.qemu() ? Stream.of(new JobStream.Lane("qemu", 1, 20, 150)) : Stream.of(),
                Stream.of(new JobStream.Lane("loopback", 6, 5, 120)))
            .toList();
    JobStream stream = new JobStream(deployment, lanes, random.split());
    Thread submitting = Thread.ofPlatform().name("job-stream").start(stream);
    Storm storm = new Storm(deployment, random.split());
    if (options.calm()) {
      Thread.sleep(options.length());
    } else {
      storm.rage(options.length());
    }
    stream.stop();
    submitting.join();
    MayflyClient client = deployment.client(0);
    deployment.await("every job ends", AFTERMATH, () -> allEnded(client, stream));
    Verdict verdict = Verdict.of(client, stream.accepted());
    List<String> left = resourcesLeft(deployment);
    print(storm, stream, verdict, left);
    return verdict.clean() && left.isEmpty();
  }

  static boolean allEnded(MayflyClient client, JobStream stream) {
    try {
      for (var id : stream.accepted().keySet()) {
        if (!client.job(id).map(job -> job.state().equals("FINISHED")).orElse(true)) {
          return false;
        }
      }
      return true;
    } catch (MayflyException notNow) {
      return false;
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private static List<String> resourcesLeft(Deployment deployment)
      throws IOException, InterruptedException {
    HostResources resources = new HostResources(deployment.directory());
    List<Path> homes = deployment.workers().stream().map(deployment::homeOf).toList();
    long deadline = System.nanoTime() + CLEAN_WITHIN.toNanos();
    List<String> left = resources.left(homes);
    while (!left.isEmpty() && System.nanoTime() < deadline) {
      Thread.sleep(500);
      left = resources.left(homes);
    }
    return left;
  }

  private static void print(Storm storm, JobStream stream, Verdict verdict, List<String> left) {
    System.out.println(
        "hit          "
            + storm.hits().entrySet().stream()
                .map(hit ->
                    hit.getKey().name().toLowerCase(java.util.Locale.ROOT) + " " + hit.getValue())
                .sorted()
                .collect(Collectors.joining(", ")));
    System.out.printf(
        "jobs         %d, in %d attempts; %d submissions had to be repeated%n",
        verdict.jobs(), verdict.attempts(), stream.submissionsRepeated());
    System.out.printf("jobs lost             %d%n", verdict.lost());
    System.out.printf("jobs duplicated       %d%n", verdict.duplicated());
    System.out.printf(
        "log bytes lost        %d of %d%n", verdict.logBytesWrong(), verdict.logBytes());
    System.out.printf("resources left        %d%n", left.size());
    verdict.complaints().forEach(complaint -> System.out.println("  " + complaint));
    left.forEach(thing -> System.out.println("  left: " + thing));
  }
}
