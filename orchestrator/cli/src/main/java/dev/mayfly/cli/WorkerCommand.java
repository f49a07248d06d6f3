package dev.mayfly.cli;

import dev.mayfly.api.rest.WorkerView;
import dev.mayfly.client.FleetClient;
import dev.mayfly.client.FleetJson;
import dev.mayfly.client.json.JsonWriter;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says what a worker is meant to do. */
@Command(
    name = "worker",
    description = "Show a worker, or say whether it is to take work.",
    synopsisSubcommandLabel = "COMMAND")
final class WorkerCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  WorkerCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed {
    throw new CommandFailed(
        ExitCode.USAGE,
        "say what to do with the worker: show, drain, resume or quarantine; see mayfly worker"
            + " --help");
  }

  @Command(name = "show", description = "Print a worker as JSON.")
  int show(
      @Mixin HelpOption wanted,
      @Parameters(paramLabel = "NAME", description = "name or id of the worker") String name)
      throws CommandFailed, IOException, InterruptedException {
    WorkerView worker = found(fleet().worker(name), name);
    surroundings.output().print(JsonWriter.write(FleetJson.of(worker)) + "\n");
    return ExitCode.OK.code();
  }

  @Command(name = "drain", description = "Let it take no new work; what it runs goes on.")
  int drain(
      @Mixin HelpOption wanted,
      @Parameters(paramLabel = "NAME", description = "name or id of the worker") String name)
      throws CommandFailed, IOException, InterruptedException {
    return told(fleet().drain(name), name);
  }

  @Command(name = "resume", description = "Let it take work again.")
  int resume(
      @Mixin HelpOption wanted,
      @Parameters(paramLabel = "NAME", description = "name or id of the worker") String name)
      throws CommandFailed, IOException, InterruptedException {
    return told(fleet().resume(name), name);
  }

  @Command(name = "quarantine", description = "Let it take no new work until it is resumed.")
  int quarantine(
      @Mixin HelpOption wanted,
      @Parameters(paramLabel = "NAME", description = "name or id of the worker") String name,
      @Option(
              names = "--reason",
              required = true,
              paramLabel = "TEXT",
              description = "for those who wonder")
          String reason)
      throws CommandFailed, IOException, InterruptedException {
    return told(fleet().quarantine(name, reason), name);
  }

  private FleetClient fleet() throws CommandFailed {
    return new Connection(surroundings).client().fleet();
  }

  private int told(Optional<WorkerView> answer, String name) throws CommandFailed, OutputClosed {
    WorkerView worker = found(answer, name);
    surroundings.output().say("worker " + worker.name() + " is " + duty(worker));
    return ExitCode.OK.code();
  }

  private static WorkerView found(Optional<WorkerView> worker, String name) throws CommandFailed {
    return worker.orElseThrow(() ->
        new CommandFailed(
            ExitCode.REFUSED, "there is no worker " + name + "; mayfly workers lists them"));
  }

  /** Such as {@code quarantined: three faults in a row}. */
  static String duty(WorkerView worker) {
    @Nullable String reason = worker.dutyReason();
    String duty = worker.duty().toLowerCase(Locale.ROOT);
    return reason == null ? duty : duty + ": " + reason;
  }
}
