package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.client.RestJson;
import dev.mayfly.client.json.JsonWriter;
import java.io.IOException;
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
    JobView job =
        JobArgument.find(new Connection(surroundings).client(), Objects.requireNonNull(id));
    surroundings.output().print(json ? JsonWriter.write(RestJson.of(job)) + "\n" : describe(job));
    return ExitCode.OK.code();
  }

  private static String describe(JobView job) {
    StringBuilder text = new StringBuilder();
    line(text, "job", job.id());
    line(text, "state", job.state().toLowerCase(Locale.ROOT));
    OutcomeView outcome = job.outcome();
    if (outcome != null) {
      line(text, "outcome", Outcomes.describe(outcome));
      line(text, "blame", outcome.blame());
    }
    line(text, "waiting", job.waitingBecause());
    if (job.cancelRequested()) {
      line(text, "cancel", "requested");
    }
    line(text, "image", job.image());
    line(text, "bundle", job.bundleDigest());
    line(text, "command", Tables.command(job.command(), COMMAND_WIDTH));
    line(text, "directory", job.workingDirectory());
    line(text, "user", job.user());
    line(
        text,
        "shape",
        job.shape().cpus()
            + " CPUs, "
            + job.shape().memoryMib()
            + " MiB memory, "
            + job.shape().scratchMib()
            + " MiB scratch");
    line(text, "network", job.network().toLowerCase(Locale.ROOT));
    line(text, "timeout", job.timeoutSeconds() + " s");
    line(text, "submitted", job.submittedAt());
    line(text, "worker", job.worker());
    line(text, "vmm", job.vmm());
    line(text, "kernel", job.guestKernel());
    line(text, "attempts", Integer.toString(job.attempts()));
    line(text, "log", Tables.size(job.logBytes()));
    if (job.peakMemoryKib() > 0) {
      line(text, "peak memory", job.peakMemoryKib() / 1024 + " MiB");
    }
    return text.append('\n').append(Tables.timings(job)).toString();
  }

  private static void line(StringBuilder text, String name, @Nullable String value) {
    if (value != null) {
      text.append(String.format(Locale.ROOT, "%-12s %s%n", name, Output.oneLine(value)));
    }
  }
}
