package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.AttemptView;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.client.RestJson;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists the attempts of a job. */
@Command(
    name = "attempts",
    description = "List every try of a job: on which worker, and how it ended.",
    sortOptions = false)
final class AttemptsCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Option(names = "--json", description = "print a JSON array of attempts")
  boolean json;

  @Parameters(paramLabel = "ID", converter = JobArgument.class, description = "id of the job")
  @Nullable JobId id;

  AttemptsCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    JobId job = Objects.requireNonNull(id);
    List<AttemptView> attempts =
        new Connection(surroundings)
            .client()
            .attempts(job)
            .orElseThrow(() -> JobArgument.none(job));
    surroundings
        .output()
        .print(json ? JsonLists.of(attempts, RestJson::of) : table(attempts, Instant.now()));
    return ExitCode.OK.code();
  }

  static String table(List<AttemptView> attempts, Instant now) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("ATTEMPT", "WORKER", "STATE", "PLACED", "LOG", "OUTCOME"));
    for (AttemptView attempt : attempts) {
      OutcomeView outcome = attempt.outcome();
      rows.add(
          List.of(
              Integer.toString(attempt.number()),
              attempt.worker(),
              attempt.refused() ? "refused" : attempt.state().toLowerCase(Locale.ROOT),
              Tables.ago(attempt.placedAt(), now),
              attempt.logRemoved() ? "removed" : Tables.size(attempt.logBytes()),
              outcome == null ? "-" : Outcomes.describe(outcome)));
    }
    return Tables.of(rows);
  }
}
