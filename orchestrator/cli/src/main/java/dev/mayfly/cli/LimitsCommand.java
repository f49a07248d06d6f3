package dev.mayfly.cli;

import dev.mayfly.api.rest.LimitsChange;
import dev.mayfly.api.rest.LimitsView;
import dev.mayfly.client.FleetClient;
import dev.mayfly.client.FleetJson;
import dev.mayfly.client.json.JsonWriter;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows and sets what all projects together may use. */
@Command(
    name = "limits",
    description = "Show what all projects together may use, or set it.",
    sortOptions = false)
final class LimitsCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Option(
      names = "--max-active",
      paramLabel = "N",
      converter = Cap.Reader.class,
      description = "set the hard cap of running jobs, or none")
  @Nullable Cap maxActive;

  @Option(names = "--json", description = "print it as JSON")
  boolean json;

  LimitsCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    FleetClient fleet = new Connection(surroundings).client().fleet();
    LimitsView limits =
        maxActive == null ? fleet.limits() : fleet.change(new LimitsChange(maxActive.value()));
    surroundings
        .output()
        .print(
            json
                ? JsonWriter.write(FleetJson.of(limits)) + "\n"
                : Tables.of(
                    List.of(
                        List.of("RUNNING"),
                        List.of(Cap.use(limits.activeJobs(), limits.maxActiveJobs())))));
    return ExitCode.OK.code();
  }
}
