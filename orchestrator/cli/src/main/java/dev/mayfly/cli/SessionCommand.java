package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.client.Session;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Sessions: microVMs in which commands are run one after another. */
@Command(
    name = "session",
    description = "Start or release a microVM in which to run commands with mayfly exec.",
    synopsisSubcommandLabel = "COMMAND")
final class SessionCommand implements Callable<Integer> {
  private static final int MAX_EXIT_CODE = 255;

  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  SessionCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed {
    throw new CommandFailed(
        ExitCode.USAGE,
        "say what to do with the session: start, keep or release; see mayfly session --help");
  }

  @Command(
      name = "keep",
      description = "Renew a session until it ends or Ctrl-C, and exit as its job does.")
  int keep(
      @Mixin HelpOption wanted,
      @Parameters(paramLabel = "ID", converter = JobArgument.class, description = "id of the job")
          JobId id)
      throws CommandFailed, IOException, InterruptedException {
    try (Session session = new Connection(surroundings).client().session(id)) {
      JobView ended = session.awaitEnd().orElseThrow(() -> JobArgument.none(id));
      return Outcomes.report(ended, surroundings.output());
    }
  }

  @Command(name = "release", description = "End a session; what still runs in it is cancelled.")
  int release(
      @Mixin HelpOption wanted,
      @Option(
              names = "--exit-code",
              paramLabel = "N",
              defaultValue = "0",
              description = "what the job's exit code is to be, 0 to 255 (default 0)")
          int exitCode,
      @Parameters(paramLabel = "ID", converter = JobArgument.class, description = "id of the job")
          JobId id)
      throws CommandFailed, IOException, InterruptedException {
    if (exitCode < 0 || exitCode > MAX_EXIT_CODE) {
      throw new CommandFailed(ExitCode.USAGE, "--exit-code is 0 to " + MAX_EXIT_CODE);
    }
    try (Session session = new Connection(surroundings).client().session(id)) {
      session.release(exitCode);
    }
    return ExitCode.OK.code();
  }
}
