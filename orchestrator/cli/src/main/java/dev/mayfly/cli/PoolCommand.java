package dev.mayfly.cli;

import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.api.rest.WorkerPoolChange;
import dev.mayfly.api.rest.WorkerPoolView;
import dev.mayfly.client.FleetClient;
import dev.mayfly.client.FleetJson;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists worker pools and says how each is filled. */
@Command(
    name = "pool",
    description = "List the worker pools, or set how one is filled.",
    synopsisSubcommandLabel = "COMMAND")
final class PoolCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  PoolCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed {
    throw new CommandFailed(ExitCode.USAGE, "say what to do: list or set; see mayfly pool --help");
  }

  @Command(name = "list", description = "List those that are configured or have workers.")
  int list(
      @Mixin HelpOption wanted,
      @Option(names = "--json", description = "print a JSON array of worker pools") boolean json)
      throws CommandFailed, IOException, InterruptedException {
    print(fleet().workerPools(), json);
    return ExitCode.OK.code();
  }

  @Command(name = "set", description = "Set how a worker pool is filled.")
  int set(
      @Mixin HelpOption wanted,
      @Parameters(index = "0", paramLabel = "NAME", description = "name of the pool") String name,
      @Parameters(
              index = "1",
              paramLabel = "STRATEGY",
              description = "pack: the fullest host that fits first; spread: the emptiest")
          String strategy)
      throws CommandFailed, IOException, InterruptedException {
    WorkerPoolView pool =
        fleet().change(name(name), new WorkerPoolChange(strategy.toUpperCase(Locale.ROOT)));
    print(List.of(pool), false);
    return ExitCode.OK.code();
  }

  private FleetClient fleet() throws CommandFailed {
    return new Connection(surroundings).client().fleet();
  }

  private static WorkerPoolName name(String text) throws CommandFailed {
    try {
      return new WorkerPoolName(text);
    } catch (IllegalArgumentException wrong) {
      throw new CommandFailed(ExitCode.USAGE, "the name of a worker pool " + wrong.getMessage());
    }
  }

  private void print(List<WorkerPoolView> pools, boolean json) throws OutputClosed {
    surroundings.output().print(json ? JsonLists.of(pools, FleetJson::of) : table(pools));
  }

  private static String table(List<WorkerPoolView> pools) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("NAME", "STRATEGY", "WORKERS"));
    for (WorkerPoolView pool : pools) {
      rows.add(
          List.of(
              pool.name(),
              pool.strategy().toLowerCase(Locale.ROOT),
              pool.workers().isEmpty() ? "-" : String.join(", ", pool.workers())));
    }
    return Tables.of(rows);
  }
}
