package dev.mayfly.it.bench;

import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.Shape;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.ShapeRequest;
import dev.mayfly.client.FollowRequest;
import dev.mayfly.client.LogSink;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.Submission;
import dev.mayfly.it.fleet.Deployment;
import dev.mayfly.it.fleet.DirectoryTree;
import dev.mayfly.it.fleet.WorkerPlan;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * {@code ./mayfly bench log [-n LINES]}: how long a line of a job is under way until a follower has
 * it, on an otherwise idle system of two orchestrators and one worker; followed at the orchestrator
 * that the worker is connected to, and at the other one. The baseline is the same script read
 * through a pipe.
 *
 * <p>The worker runs {@link dev.mayfly.it.fleet.LoopbackVmm}, so that script and follower read one
 * clock; a guest's virtio port is not in the measurement.
 */
public final class LogBench {
  private static final int DEFAULT_LINES = 200;
  private static final long NANOS = 1_000_000_000;

  private LogBench() {}

  public static void main(String[] arguments) throws Exception {
    int lines = DEFAULT_LINES;
    if (arguments.length > 0) {
      if (arguments.length != 2
          || !arguments[0].equals("-n")
          || !arguments[1].matches("[1-9][0-9]{1,3}")) {
        System.err.println("mayfly: bench log takes -n LINES (10 to 9999)");
        System.exit(2);
      }
      lines = Integer.parseInt(arguments[1]);
    }
    Path images = Path.of(System.getenv("MAYFLY_HOME")).resolve("images");
    // Short, because the path of a Unix socket holds 107 bytes.
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "mayfly-bench-");
    WorkerPlan worker = new WorkerPlan("w", true, new Shape(1, 1024, 4096));
    try (Deployment deployment = Deployment.start(directory, images, 2, List.of(worker))) {
      deployment.publish(images, "debian:12");
      List<Double> baseline = pipe(lines);
      print("pipe (baseline)", baseline, baseline);
      follow(deployment.client(0), lines / 4);
      print("same orchestrator", follow(deployment.client(0), lines), baseline);
      print("other orchestrator", follow(deployment.client(1), lines), baseline);
    }
    DirectoryTree.remove(directory);
  }

  private static String script(int lines) {
    return "i=0; while [ $i -lt " + lines + " ]; do date +%s%N; i=$((i+1)); sleep 0.1; done";
  }

  private static List<Double> pipe(int lines) throws IOException {
    Process process = new ProcessBuilder("sh", "-c", script(lines)).start();
    Arrivals arrivals = new Arrivals();
    try (InputStream in = process.getInputStream()) {
      byte[] buffer = new byte[4096];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        arrivals.take(new String(buffer, 0, read, StandardCharsets.US_ASCII));
      }
    }
    return arrivals.millis;
  }

  private static List<Double> follow(MayflyClient client, int lines) throws Exception {
    JobRequest request =
        new JobRequest(
            "debian:12",
            List.of("sh", "-c", script(lines)),
            null,
            "/tmp",
            null,
            new ShapeRequest(1, 512, 256),
            null,
            null);
    if (!(client.submit(request) instanceof Submission.Accepted accepted)) {
      throw new IllegalStateException("the job of the benchmark was refused");
    }
    Arrivals arrivals = new Arrivals();
    LogSink sink = piece -> arrivals.take(new String(piece.bytes(), StandardCharsets.US_ASCII));
    client.follow(
        new FollowRequest(JobId.parse(accepted.job().id()), Set.of(LogStream.STDOUT), null, null),
        sink);
    if (arrivals.millis.size() != lines) {
      throw new IllegalStateException(
          arrivals.millis.size() + " lines arrived instead of " + lines);
    }
    return arrivals.millis;
  }

  private static void print(String what, List<Double> millis, List<Double> baseline) {
    System.out.printf(
        "%-20s %5d lines   p50 %7.1f ms   p99 %7.1f ms   max %7.1f ms   p50 over baseline %+.1f ms%n",
        what,
        millis.size(),
        quantile(millis, 0.5),
        quantile(millis, 0.99),
        quantile(millis, 1),
        quantile(millis, 0.5) - quantile(baseline, 0.5));
  }

  private static double quantile(List<Double> values, double share) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get((int) Math.ceil(share * sorted.size()) - 1);
  }

  /** Lines that hold the time at which they were printed. Owned by one thread. */
  private static final class Arrivals {
    private final List<Double> millis = new ArrayList<>();
    private final StringBuilder open = new StringBuilder();

    /** Always true: there is never enough. */
    boolean take(String text) {
      Instant now = Instant.now();
      open.append(text);
      for (int end = open.indexOf("\n"); end >= 0; end = open.indexOf("\n")) {
        long printed = Long.parseLong(open.substring(0, end));
        open.delete(0, end + 1);
        millis.add((now.getEpochSecond() * NANOS + now.getNano() - printed) / 1e6);
      }
      return true;
    }
  }
}
