package dev.mayfly.cli;

import dev.mayfly.api.rest.WorkerView;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.MayflyException;
import dev.mayfly.client.MayflyProblem;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Says whether Mayfly is up, or waits until it is; for the launcher. */
@Command(
    name = "health",
    hidden = true,
    description = "Exit with 0 when the orchestrator is up, with 121 when it is not.",
    sortOptions = false)
final class HealthCommand implements Callable<Integer> {
  private static final long PAUSE_MILLIS = 100;
  private static final int MAX_WAIT_SECONDS = 24 * 3600;

  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Option(
      names = "--wait",
      paramLabel = "SECONDS",
      description = "wait so long for it (default ${DEFAULT-VALUE})",
      defaultValue = "0")
  int waitSeconds;

  @Option(names = "--worker", description = "at least one worker must be online, too")
  boolean worker;

  HealthCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    if (waitSeconds < 0 || waitSeconds > MAX_WAIT_SECONDS) {
      throw new CommandFailed(ExitCode.USAGE, "--wait is 0 to " + MAX_WAIT_SECONDS + " seconds");
    }
    long deadline = System.nanoTime() + waitSeconds * 1_000_000_000L;
    while (true) {
      try {
        check();
        return ExitCode.OK.code();
      } catch (MayflyException | CommandFailed notYet) {
        boolean hopeless =
            notYet instanceof CommandFailed wrong && wrong.exitCode() == ExitCode.USAGE;
        if (hopeless || System.nanoTime() - deadline >= 0) {
          throw notYet;
        }
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  private void check() throws CommandFailed, MayflyException, InterruptedException {
    // Made anew each time: the port and the token appear while an orchestrator starts.
    MayflyClient client = new Connection(surroundings).client();
    try {
      client.checkHealth();
      if (worker && client.workers().stream().noneMatch(HealthCommand::isOnline)) {
        throw new CommandFailed(ExitCode.UNREACHABLE, "no worker is online");
      }
    } catch (MayflyProblem problem) {
      throw new CommandFailed(
          ExitCode.UNREACHABLE, "the orchestrator is not well: " + problem.getMessage());
    }
  }

  private static boolean isOnline(WorkerView worker) {
    return worker.state().equals("ONLINE");
  }
}
