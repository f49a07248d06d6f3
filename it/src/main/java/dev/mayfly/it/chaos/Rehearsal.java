package dev.mayfly.it.chaos;

import dev.mayfly.client.MayflyClient;
import dev.mayfly.it.fleet.Deployment;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;

/** A short stream of jobs during which one thing happens, and a count afterwards. */
public final class Rehearsal {
  private static final Duration BEFORE = Duration.ofSeconds(8);
  private static final Duration AFTER = Duration.ofSeconds(12);
  private static final Duration END = Duration.ofMinutes(4);

  private Rehearsal() {}

  /** What happens in the middle of the stream. */
  public interface Incident {
    void happen() throws Exception;
  }

  /**
   * What came of it.
   *
   * @param attempts of all jobs together
   * @param complaints one line for each job that was lost or doubled, or whose log is wrong
   */
  public record Result(int jobs, int attempts, List<String> complaints) {}

  /**
   * Runs jobs on the loopback workers, each printing for 10 to 20 s; the last orchestrator must
   * survive the incident.
   */
  public static Result run(Deployment deployment, int jobsAtOnce, Incident incident)
      throws Exception {
    JobStream stream =
        new JobStream(
            deployment,
            List.of(new JobStream.Lane("loopback", jobsAtOnce, 100, 200)),
            new SplittableRandom(1));
    Thread submitting = Thread.ofPlatform().name("job-stream").start(stream);
    Thread.sleep(BEFORE);
    incident.happen();
    Thread.sleep(AFTER);
    stream.stop();
    submitting.join();
    MayflyClient survivor = deployment.client(deployment.orchestrators().size() - 1);
    deployment.await("every job ends", END, () -> Chaos.allEnded(survivor, stream));
    Verdict verdict = Verdict.of(survivor, stream.accepted());
    return new Result(verdict.jobs(), verdict.attempts(), verdict.complaints());
  }
}
