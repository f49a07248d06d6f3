package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.client.MayflyClient;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Cancels a job. */
@Command(
    name = "cancel",
    description = "Cancel a job; one that has ended is left as it is.",
    sortOptions = false)
final class CancelCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Option(names = "--wait", description = "return when the job has ended")
  boolean wait;

  @Parameters(paramLabel = "ID", converter = JobArgument.class, description = "id of the job")
  @Nullable JobId id;

  CancelCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    MayflyClient client = new Connection(surroundings).client();
    JobId wanted = Objects.requireNonNull(id);
    JobView job = client.cancel(wanted).orElseThrow(() -> JobArgument.none(wanted));
    if (wait) {
      JobEnd.await(client, job);
    }
    return ExitCode.OK.code();
  }
}
