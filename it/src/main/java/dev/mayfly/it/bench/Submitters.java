package dev.mayfly.it.bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Submits jobs through REST, as front ends do: with an idempotency key each, in several threads.
 */
final class Submitters implements AutoCloseable {
  private static final Pattern ID = Pattern.compile("\"id\":\"([0-9a-f-]{36})\"");
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int CREATED = 201;
  private static final int OK = 200;

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final ExecutorService threads;
  private final int count;
  private final String url;
  private final String token;

  /** When each job was submitted, in nanoseconds of this process: before the request is sent. */
  private final Map<UUID, Long> submitted = new ConcurrentHashMap<>();

  Submitters(String url, String token, int threads) {
    this.url = url;
    this.token = token;
    this.count = threads;
    this.threads = Executors.newFixedThreadPool(threads);
  }

  Map<UUID, Long> submitted() {
    return submitted;
  }

  void publish(String bundle) throws IOException, InterruptedException {
    HttpRequest request =
        request("/api/v1/images/bench:1")
            .PUT(
                HttpRequest.BodyPublishers.ofString(
                    "{\"bundleDigest\":\"%s\",\"architecture\":\"x86_64\",\"sizeBytes\":1}"
                        .formatted(bundle)))
            .build();
    HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != OK && answer.statusCode() != CREATED) {
      throw new IllegalStateException("the image was refused: " + answer.body());
    }
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(url + path))
        .timeout(PATIENCE)
        .header("Authorization", "Bearer " + token)
        .header("Content-Type", "application/json");
  }

  /**
   * Submits one job.
   *
   * @param members further members of the request, each with a comma before it
   */
  UUID submit(String members) throws IOException, InterruptedException {
    HttpRequest request =
        request("/api/v1/jobs")
            .header("Idempotency-Key", UUID.randomUUID().toString())
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    "{\"image\":\"bench:1\",\"command\":[\"true\"]" + members + "}"))
            .build();
    long now = System.nanoTime();
    HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
    Matcher id = ID.matcher(answer.body());
    if (answer.statusCode() != CREATED || !id.find()) {
      throw new IllegalStateException("a job was refused: " + answer.body());
    }
    UUID job = UUID.fromString(id.group(1));
    submitted.put(job, now);
    return job;
  }

  /** Submits many jobs in all threads; the jobs. */
  List<UUID> submitAll(int jobs, String members) throws InterruptedException, ExecutionException {
    AtomicInteger left = new AtomicInteger(jobs);
    List<Future<List<UUID>>> parts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      parts.add(
          threads.submit(() -> {
            List<UUID> mine = new ArrayList<>();
            while (left.getAndDecrement() > 0) {
              mine.add(submit(members));
            }
            return mine;
          }));
    }
    List<UUID> all = new ArrayList<>();
    for (Future<List<UUID>> part : parts) {
      all.addAll(part.get());
    }
    return all;
  }

  @Override
  public void close() {
    threads.shutdownNow();
    client.close();
  }
}
