package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.AttemptView;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.RestJson;
import dev.mayfly.client.json.JsonWriter;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows all about one job. */
@Command(
    name = "show",
    description = "Show all about a job, and where its time went.",
    sortOptions = false)
final class ShowCommand implements Callable<Integer> {
  private static final int COMMAND_WIDTH = 2000;

  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Option(names = "--json", description = "print it as JSON")
  boolean json;

  @Parameters(paramLabel = "ID", converter = JobArgument.class, description = "id of the job")
  @Nullable JobId id;

  ShowCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    JobId wanted = Objects.requireNonNull(id);
    MayflyClient client = new Connection(surroundings).client();
    JobView job = JobArgument.find(client, wanted);
    if (json) {
      surroundings.output().print(JsonWriter.write(RestJson.of(job)) + "\n");
      return ExitCode.OK.code();
    }
    StringBuilder text = new StringBuilder(describe(job));
    if (job.attempts() > 0) {
      List<AttemptView> attempts =
          client.attempts(wanted).orElseThrow(() -> JobArgument.none(wanted));
      text.append('\n').append(AttemptsCommand.table(attempts, Instant.now()));
    }
    text.append('\n').append(Tables.timings(job));
    surroundings.output().print(text.toString());
    return ExitCode.OK.code();
  }

  private static String describe(JobView job) {
    StringBuilder text = new StringBuilder();
    Tables.line(text, "job", job.id());
    Tables.line(text, "state", job.state().toLowerCase(Locale.ROOT));
    OutcomeView outcome = job.outcome();
    if (outcome != null) {
      Tables.line(text, "outcome", Outcomes.describe(outcome));
      Tables.line(text, "blame", outcome.blame());
    }
    Tables.line(text, "waiting", job.waitingBecause());
    Tables.line(text, "queued since", job.queuedSince());
    Tables.line(text, "not before", job.notBefore());
    String end = job.endRequested();
    if (end != null) {
      Tables.line(text, end.toLowerCase(Locale.ROOT), "requested");
    }
    Tables.line(text, "session", job.sessionUntil() == null ? null : "until " + job.sessionUntil());
    Tables.line(text, "project", job.project());
    Tables.line(text, "priority", job.priority().toLowerCase(Locale.ROOT));
    Tables.line(text, "labels", job.labels().isEmpty() ? null : String.join(", ", job.labels()));
    Tables.line(text, "image", job.image());
    Tables.line(
        text,
        "bundle",
        job.bundleDigest() == null
            ? "to be built first"
            : job.bundleDigest() + " " + job.architecture());
    Tables.line(
        text,
        "command",
        job.command().isEmpty() ? null : Tables.command(job.command(), COMMAND_WIDTH));
    Tables.line(text, "directory", job.workingDirectory());
    Tables.line(text, "user", job.user());
    Tables.line(
        text,
        "shape",
        job.shape().cpus()
            + " CPUs, "
            + job.shape().memoryMib()
            + " MiB memory, "
            + job.shape().scratchMib()
            + " MiB scratch");
    Tables.line(text, "network", job.network().toLowerCase(Locale.ROOT));
    Tables.line(
        text,
        "limits",
        "run "
            + job.timeoutSeconds()
            + " s, queue "
            + job.queueTimeoutSeconds()
            + " s, log "
            + Tables.size(job.logLimitBytes()));
    Tables.line(text, "submitted", job.submittedAt());
    Tables.line(text, "worker", job.worker());
    Tables.line(text, "vmm", job.vmm());
    Tables.line(text, "kernel", job.guestKernel());
    Tables.line(
        text,
        "attempts",
        job.attempts() + ", " + job.faults() + " of at most " + job.maxAttempts() + " faulted");
    Tables.line(text, "log", Tables.size(job.logBytes()));
    if (job.peakMemoryKib() > 0) {
      Tables.line(text, "peak memory", job.peakMemoryKib() / 1024 + " MiB");
    }
    return text.toString();
  }
}
