package dev.mayfly.it.simulation;

import dev.mayfly.api.JobId;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.job.IdempotencyKey;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobSpec;
import dev.mayfly.core.job.Submission;
import dev.mayfly.it.simulation.Scenario.Wish;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Users with a network of their own to the orchestrators: a request is lost, or its answer, or it
 * comes twice. They ask again until they are answered.
 */
final class SimulatedUsers {
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private final World world;
  private final SplittableRandom random;
  private final Supplier<List<SimulatedOrchestrator>> orchestrators;
  private final Map<String, JobId> jobs = new LinkedHashMap<>();
  private final Set<JobId> cancelled = new HashSet<>();
  private int unanswered;

  SimulatedUsers(World world, Supplier<List<SimulatedOrchestrator>> orchestrators) {
    this.world = world;
    this.random = world.random().split();
    this.orchestrators = orchestrators;
  }

  void wants(Wish wish) {
    unanswered++;
    world.time().after(wish.after(), () -> submit(wish));
  }

  /** What was made under each key, as the users were told. */
  Map<String, JobId> jobs() {
    return jobs;
  }

  /** Whether somebody may have cancelled it by now. */
  boolean mayHaveCancelled(JobId job) {
    return cancelled.contains(job);
  }

  /** Everybody has been answered. */
  boolean content() {
    return unanswered == 0;
  }

  private void submit(Wish wish) {
    if (jobs.containsKey(wish.key())) {
      return;
    }
    IdempotencyKey key =
        world.has(Defect.KEYS_ARE_IGNORED) ? null : new IdempotencyKey(wish.key(), "f".repeat(64));
    ask(
        orchestrator ->
            orchestrator.desk().submit(wish.spec().image(), known -> spec(wish.spec(), known), key),
        submission -> answered(wish, submission));
    world.time().after(PATIENCE, () -> submit(wish));
  }

  private static JobSpec spec(JobSpec wanted, Optional<Image> known) {
    return known.map(image -> wanted.with(image.bundle(), image.architecture())).orElse(wanted);
  }

  private void answered(Wish wish, Submission submission) {
    Job job =
        switch (submission) {
          case Submission.Accepted(var made) -> made;
          case Submission.Repeated(var made) -> made;
          case Submission.KeyTaken _, Submission.UnknownImage _, Submission.QueueFull _ ->
              throw new Violation(wish.key() + " was answered with " + submission);
        };
    JobId earlier = jobs.putIfAbsent(wish.key(), job.id());
    if (earlier == null) {
      unanswered--;
      world.trace("user", "submitted " + wish.key(), job.id());
      Duration cancelAfter = wish.cancelAfter();
      if (cancelAfter != null) {
        world.time().after(cancelAfter, () -> cancel(job.id()));
      }
    } else if (!earlier.equals(job.id())) {
      throw new Violation(wish.key() + " made two jobs: " + earlier + " and " + job.id());
    }
  }

  private void cancel(JobId job) {
    cancelled.add(job);
    world.trace("user", "cancels", job);
    ask(orchestrator -> orchestrator.desk().cancel(job), (Optional<Job> done) -> {});
  }

  private interface Answer<T> {
    void take(T answer);
  }

  private <T> void ask(Function<SimulatedOrchestrator, T> request, Answer<T> answer) {
    List<SimulatedOrchestrator> all = orchestrators.get();
    if (all.isEmpty()) {
      return;
    }
    int copies = !world.storm() ? 1 : random.nextInt(20) == 0 ? 2 : random.nextInt(20) == 0 ? 0 : 1;
    SimulatedOrchestrator asked = all.get(random.nextInt(all.size()));
    for (; copies > 0; copies--) {
      world
          .time()
          .at(world.time().now() + delay(), asked.process(), () -> handle(asked, request, answer));
    }
  }

  private <T> void handle(
      SimulatedOrchestrator asked, Function<SimulatedOrchestrator, T> request, Answer<T> answer) {
    T result;
    try {
      result = request.apply(asked);
    } catch (StoreFailure expected) {
      return;
    }
    asked.nudge();
    if (!world.storm() || random.nextInt(12) > 0) {
      world.time().after(Duration.ofNanos(delay()), () -> answer.take(result));
    }
  }

  private long delay() {
    return Duration.ofMillis(1 + random.nextInt(random.nextInt(10) == 0 ? 4_000 : 50)).toNanos();
  }
}
