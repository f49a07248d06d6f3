package dev.mayfly.it.chaos;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.client.IdempotencyKey;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.Submission;
import dev.mayfly.it.fleet.Deployment;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * Keeps a number of jobs under way. A submission that fails in any way is made again under the same
 * key, at either orchestrator, until it is answered. Owned by one thread; {@link #accepted} is for
 * after its end.
 */
final class JobStream implements Runnable {
  private static final Duration LOOK_AGAIN = Duration.ofMillis(250);

  /** Of a lane: jobs of one kind that run at once. */
  record Lane(String label, int jobs, int leastLines, int mostLines) {}

  private final Deployment deployment;
  private final RandomGenerator random;
  private final Map<JobId, Expectation> accepted = new HashMap<>();
  private final Map<Lane, Set<JobId>> underWay = new LinkedHashMap<>();
  private int submissionsRepeated;
  private int counter;
  private volatile boolean enough;

  JobStream(Deployment deployment, List<Lane> lanes, RandomGenerator random) {
    this.deployment = deployment;
    this.random = random;
    lanes.forEach(lane -> underWay.put(lane, new HashSet<>()));
  }

  /** No new jobs; the thread ends once every submission is answered. */
  void stop() {
    enough = true;
  }

  /** Every job that was accepted, and what it must come to. */
  Map<JobId, Expectation> accepted() {
    return Map.copyOf(accepted);
  }

  /** Submissions that were made more than once because no answer came. */
  int submissionsRepeated() {
    return submissionsRepeated;
  }

  @Override
  public void run() {
    try {
      while (!enough) {
        for (Map.Entry<Lane, Set<JobId>> lane : underWay.entrySet()) {
          forgetEnded(lane.getValue());
          while (!enough && lane.getValue().size() < lane.getKey().jobs()) {
            lane.getValue().add(submit(next(lane.getKey())));
          }
        }
        TimeUnit.MILLISECONDS.sleep(LOOK_AGAIN.toMillis());
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private Expectation next(Lane lane) {
    return new Expectation(
        "chaos-" + ++counter,
        lane.label(),
        random.nextInt(lane.leastLines(), lane.mostLines()),
        random.nextInt(100));
  }

  private JobId submit(Expectation job) throws InterruptedException {
    for (boolean again = false; ; again = true) {
      if (again) {
        submissionsRepeated++;
        TimeUnit.MILLISECONDS.sleep(LOOK_AGAIN.toMillis());
      }
      try {
        Submission answer =
            anyClient(deployment).submit(job.request(), new IdempotencyKey(job.key()));
        JobId id =
            switch (answer) {
              case Submission.Accepted(JobView view, boolean _) -> JobId.parse(view.id());
              case Submission.Refused(Problem problem) ->
                  throw new IllegalStateException("a job of the chaos was refused: " + problem);
            };
        accepted.put(id, job);
        return id;
      } catch (IOException notNow) {
        // Whether it was stored is unknown: the same key decides.
      }
    }
  }

  private void forgetEnded(Set<JobId> running) throws InterruptedException {
    for (JobId id : List.copyOf(running)) {
      try {
        Optional<JobView> job = anyClient(deployment).job(id);
        if (job.isEmpty() || job.get().state().equals("FINISHED")) {
          running.remove(id);
        }
      } catch (IOException notNow) {
        return;
      }
    }
  }

  static MayflyClient anyClient(Deployment deployment) throws IOException {
    return deployment.client(
        ThreadLocalRandom.current().nextInt(deployment.orchestrators().size()));
  }
}
