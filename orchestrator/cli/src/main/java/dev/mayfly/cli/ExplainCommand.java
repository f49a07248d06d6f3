package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.ExplanationView;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.MayflyException;
import dev.mayfly.client.RestJson;
import dev.mayfly.client.WhyWaiting;
import dev.mayfly.client.json.JsonWriter;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says why a job waits. */
@Command(
    name = "explain",
    description = "Say why a job is not running yet, worker by worker.",
    sortOptions = false)
final class ExplainCommand implements Callable<Integer> {
  /** An explanation is at most two seconds old. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

  private final Surroundings surroundings;
  private final Output output;

  @Mixin HelpOption help = new HelpOption();

  @Option(
      names = "--watch",
      description = "say it again when it changes, until the job waits no longer")
  boolean watch;

  @Option(names = "--json", description = "print the explanation as JSON")
  boolean json;

  @Parameters(paramLabel = "ID", converter = JobArgument.class, description = "id of the job")
  @Nullable JobId id;

  ExplainCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
    this.output = surroundings.output();
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    MayflyClient client = new Connection(surroundings).client();
    JobId job = Objects.requireNonNull(id);
    String said = "";
    while (true) {
      WhyWaiting why = client.whyWaiting(job);
      if (why instanceof WhyWaiting.NoSuchJob) {
        throw JobArgument.none(job);
      }
      if (!(why instanceof WhyWaiting.Waits waits)) {
        return doesNotWait(client, job, said);
      }
      String text = json ? json(waits.explanation()) : describe(waits.explanation());
      if (!text.equals(said)) {
        output.print((said.isEmpty() || json ? "" : "\n") + text);
        said = text;
      }
      if (!watch) {
        return ExitCode.OK.code();
      }
      Thread.sleep(LOOK_AGAIN);
    }
  }

  private int doesNotWait(MayflyClient client, JobId id, String said)
      throws CommandFailed, MayflyException, OutputClosed, InterruptedException {
    JobView job = JobArgument.find(client, id);
    OutcomeView outcome = job.outcome();
    String where =
        outcome == null
            ? "it is on worker " + job.worker()
            : "it has ended: " + Outcomes.describe(outcome);
    String line = "job " + id + " does not wait: " + where;
    if (json) {
      output.say(line);
    } else {
      output.print((said.isEmpty() ? "" : "\n") + Output.oneLine(line) + "\n");
    }
    return ExitCode.OK.code();
  }

  private static String json(ExplanationView explanation) {
    return JsonWriter.write(RestJson.of(explanation)) + "\n";
  }

  /** A line for each reason; before them, when it is so, that the job can never run. */
  static String describe(ExplanationView explanation) {
    StringBuilder text = new StringBuilder(explanation.impossible() ? "can never run: " : "");
    for (ExplanationView.ReasonView reason : explanation.reasons()) {
      line(text, about(reason) + reason.text());
    }
    if (explanation.reasons().isEmpty()) {
      line(text, explanation.text());
    }
    if (explanation.ahead() > 0) {
      line(
          text,
          String.format(
              Locale.ROOT,
              "%s%d %s of its project before it",
              explanation.ahead() >= ExplanationView.MAX_AHEAD ? "at least " : "",
              explanation.ahead(),
              explanation.ahead() == 1 ? "job" : "jobs"));
    }
    return text.toString();
  }

  private static String about(ExplanationView.ReasonView reason) {
    if (reason.worker() != null) {
      return "worker " + reason.worker() + ": ";
    }
    return reason.workers() == 0
        ? ""
        : reason.workers() + (reason.workers() == 1 ? " worker: " : " workers: ");
  }

  private static void line(StringBuilder text, String line) {
    text.append(Output.oneLine(line)).append('\n');
  }
}
