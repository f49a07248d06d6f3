package dev.mayfly.cli;

import dev.mayfly.api.JobState;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.client.JobFilter;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.MayflyException;
import dev.mayfly.client.RestJson;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists jobs. */
@Command(
    name = "ps",
    description = "List the jobs that have not ended, newest first, and why those wait that do.",
    sortOptions = false)
final class PsCommand implements Callable<Integer> {
  private static final int MAX_LIMIT = 10_000;
  private static final int COMMAND_WIDTH = 50;

  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Option(
      names = {"-a", "--all"},
      description = "those that have ended, too")
  boolean all;

  @Option(
      names = "--state",
      paramLabel = "STATE",
      description = "only those that are queued, active or finished")
  @Nullable String state;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "50",
      description = "at most so many (default ${DEFAULT-VALUE})")
  int limit;

  @Option(names = "--json", description = "print a JSON array of jobs")
  boolean json;

  PsCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    if (limit < 1 || limit > MAX_LIMIT) {
      throw new CommandFailed(ExitCode.USAGE, "--limit is 1 to " + MAX_LIMIT);
    }
    List<JobView> jobs = find(new Connection(surroundings).client());
    surroundings
        .output()
        .print(json ? JsonLists.of(jobs, RestJson::of) : table(jobs, Instant.now()));
    return ExitCode.OK.code();
  }

  private List<JobView> find(MayflyClient client)
      throws CommandFailed, MayflyException, InterruptedException {
    if (state != null) {
      try {
        return list(client, JobState.valueOf(state.toUpperCase(Locale.ROOT)));
      } catch (IllegalArgumentException unknown) {
        throw new CommandFailed(ExitCode.USAGE, "--state is queued, active or finished");
      }
    }
    if (all) {
      return list(client, null);
    }
    List<JobView> jobs = new ArrayList<>(list(client, JobState.QUEUED));
    for (JobView job : list(client, JobState.ACTIVE)) {
      // It may have become active between the two questions.
      jobs.removeIf(queued -> queued.id().equals(job.id()));
      jobs.add(job);
    }
    jobs.sort(Comparator.comparing(JobView::submittedAt).thenComparing(JobView::id).reversed());
    return jobs.subList(0, Math.min(limit, jobs.size()));
  }

  private List<JobView> list(MayflyClient client, @Nullable JobState only)
      throws MayflyException, InterruptedException {
    List<JobView> jobs = new ArrayList<>();
    String cursor = null;
    do {
      int most = Math.min(limit - jobs.size(), JobFilter.MAX_LIMIT);
      Page<JobView> page = client.jobs(new JobFilter(only, null, null, most, cursor));
      jobs.addAll(page.items());
      cursor = page.items().isEmpty() ? null : page.next();
    } while (cursor != null && jobs.size() < limit);
    return jobs.subList(0, Math.min(limit, jobs.size()));
  }

  private String table(List<JobView> jobs, Instant now) throws InterruptedException {
    int width = TerminalWidth.of(surroundings.environment());
    List<String> lines = Tables.lines(rows(jobs, now));
    StringBuilder text = new StringBuilder(lines.get(0)).append('\n');
    for (int i = 0; i < jobs.size(); i++) {
      text.append(lines.get(i + 1)).append('\n');
      String because = jobs.get(i).waitingBecause();
      if (because != null) {
        text.append(Tables.cut("  waits: " + Output.oneLine(because), width)).append('\n');
      }
    }
    return text.toString();
  }

  private static List<List<String>> rows(List<JobView> jobs, Instant now) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("ID", "STATE", "PROJECT", "IMAGE", "AGE", "WORKER", "COMMAND"));
    for (JobView job : jobs) {
      OutcomeView outcome = job.outcome();
      String worker = job.worker();
      rows.add(
          List.of(
              job.id(),
              outcome == null ? job.state().toLowerCase(Locale.ROOT) : shortly(outcome),
              job.project(),
              job.image(),
              Tables.ago(job.submittedAt(), now),
              worker == null ? "-" : worker,
              Tables.command(job.command(), COMMAND_WIDTH)));
    }
    return rows;
  }

  private static String shortly(OutcomeView outcome) {
    return switch (outcome.kind()) {
      case "EXITED" -> "exited " + outcome.exitCode();
      case "CANCELLED" -> "cancelled";
      default -> String.valueOf(outcome.faultCode());
    };
  }
}
