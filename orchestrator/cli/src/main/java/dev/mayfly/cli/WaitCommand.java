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
import picocli.CommandLine.Parameters;

/** Waits for the end of a job. */
@Command(
    name = "wait",
    description = "Wait for a job to end and exit as mayfly run would have.",
    sortOptions = false)
final class WaitCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Parameters(paramLabel = "ID", converter = JobArgument.class, description = "id of the job")
  @Nullable JobId id;

  WaitCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    MayflyClient client = new Connection(surroundings).client();
    JobView job = JobArgument.find(client, Objects.requireNonNull(id));
    return Outcomes.report(JobEnd.await(client, job), surroundings.output());
  }
}
