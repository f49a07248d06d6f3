package dev.mayfly.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command without a subcommand. */
@Command(
    name = "mayfly",
    versionProvider = Version.class,
    description = "Runs jobs, each in its own fresh microVM.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Environment: MAYFLY_URL, MAYFLY_TOKEN or MAYFLY_TOKEN_FILE, MAYFLY_HOME; MAYFLY_DEBUG=1 shows"
          + " stack traces."
    })
final class MayflyCommand implements Callable<Integer> {
  @Mixin HelpOption help = new HelpOption();

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "show the version")
  boolean version;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws CommandFailed {
    throw new CommandFailed(ExitCode.USAGE, "say what to do, for example mayfly run; see --help");
  }
}
