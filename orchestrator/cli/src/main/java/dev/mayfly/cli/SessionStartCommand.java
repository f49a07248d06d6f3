package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.api.rest.SessionRequest;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.Session;
import dev.mayfly.client.Submission;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Starts a session and waits until its microVM is ready. */
@Command(
    name = "start",
    description = {
      "Start a microVM, wait until it is ready, and print its id.",
      "It ends when nothing speaks to it for as long as --lease: keep it with mayfly session keep,"
          + " or with mayfly exec, which keeps it while a command runs."
    },
    sortOptions = false)
final class SessionStartCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Mixin JobOptions options = new JobOptions();

  @Option(
      names = "--idle",
      paramLabel = "TIME",
      converter = Durations.class,
      description = "end it when no command ran for so long (default 10m)")
  @Nullable Integer idleSeconds;

  @Option(
      names = "--lease",
      paramLabel = "TIME",
      converter = Durations.class,
      description = "end it when it was not renewed for so long, 5s to 1h (default 10m)")
  int leaseSeconds = SessionRequest.DEFAULT_IDLE_SECONDS;

  SessionStartCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    JobRequest request =
        options.request(surroundings, null, new SessionRequest(idleSeconds, leaseSeconds));
    MayflyClient client = new Connection(surroundings).client();
    JobView submitted = submit(client, request);
    JobId id = JobId.parse(submitted.id());
    WaitingReport waiting = new WaitingReport(client, id, surroundings.output());
    waiting.start();
    JobView ready;
    try (Session session = client.session(id)) {
      ready = session.awaitReady().orElseThrow(() -> JobArgument.none(id));
    } finally {
      waiting.stop();
    }
    OutcomeView outcome = ready.outcome();
    if (outcome != null) {
      return Outcomes.report(ready, surroundings.output());
    }
    surroundings.output().print(id + "\n");
    return ExitCode.OK.code();
  }

  static JobView submit(MayflyClient client, JobRequest request)
      throws CommandFailed, IOException, InterruptedException {
    Submission submission;
    try {
      submission = client.submit(request);
    } catch (IllegalArgumentException notText) {
      throw new CommandFailed(ExitCode.USAGE, String.valueOf(notText.getMessage()));
    }
    return switch (submission) {
      case Submission.Accepted accepted -> accepted.job();
      case Submission.Refused refused -> throw CommandFailed.refused(refused.problem());
    };
  }
}
