package dev.mayfly.cli;

import dev.mayfly.client.MayflyException;
import dev.mayfly.client.MayflyProblem;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Parses the arguments, runs a command, and turns every failure into lines and an exit code. */
final class Program {
  private final Surroundings surroundings;
  private final Output output;

  Program(Surroundings surroundings) {
    this.surroundings = surroundings;
    this.output = surroundings.output();
  }

  int run(String... arguments) {
    StringWriter help = new StringWriter();
    CommandLine line = commandLine(arguments.length == 0 ? "" : arguments[0]);
    line.setOut(new PrintWriter(help));
    try {
      int code = line.execute(arguments);
      if (!help.toString().isEmpty()) {
        output.print(help.toString());
      }
      return code;
    } catch (OutputClosed closed) {
      return outputClosed(closed);
    }
  }

  /**
   * Only the command that is named is built, because building all of them costs a third of the
   * start; anything else, such as a wrong name or a wish for help, gets all.
   */
  private CommandLine commandLine(String first) {
    Map<String, Supplier<Callable<Integer>>> commands = commands();
    CommandLine line = new CommandLine(new MayflyCommand());
    Supplier<Callable<Integer>> named = commands.get(first);
    if (named == null) {
      commands.forEach((name, command) -> line.addSubcommand(name, command.get()));
    } else {
      line.addSubcommand(first, named.get());
    }
    CommandLine session = line.getSubcommands().get("session");
    if (session != null) {
      session.addSubcommand("start", new SessionStartCommand(surroundings));
    }
    CommandLine image = line.getSubcommands().get("image");
    if (image != null) {
      imageCommands().forEach((name, command) -> image.addSubcommand(name, command.get()));
    }
    line.setExpandAtFiles(false); // @name in a job's command is the job's
    line.setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF));
    line.setParameterExceptionHandler((wrong, given) -> wrongUsage(wrong));
    line.setExecutionExceptionHandler((failure, command, parsed) -> failed(failure));
    CommandLine runLine = line.getSubcommands().get("run");
    if (runLine != null) {
      runLine.setStopAtPositional(true); // what follows a job's command is the job's, too
      runLine.getCommandSpec().usageMessage().exitCodeListHeading("%nExit codes:%n");
      runLine.getCommandSpec().usageMessage().exitCodeList(exitCodes());
    }
    CommandLine execLine = line.getSubcommands().get("exec");
    if (execLine != null) {
      execLine.setStopAtPositional(true);
    }
    return line;
  }

  private Map<String, Supplier<Callable<Integer>>> commands() {
    Map<String, Supplier<Callable<Integer>>> commands = new LinkedHashMap<>();
    commands.put("run", () -> new RunCommand(surroundings));
    commands.put("logs", () -> new LogsCommand(surroundings));
    commands.put("ps", () -> new PsCommand(surroundings));
    commands.put("show", () -> new ShowCommand(surroundings));
    commands.put("explain", () -> new ExplainCommand(surroundings));
    commands.put("attempts", () -> new AttemptsCommand(surroundings));
    commands.put("wait", () -> new WaitCommand(surroundings));
    commands.put("cancel", () -> new CancelCommand(surroundings));
    commands.put("session", () -> new SessionCommand(surroundings));
    commands.put("exec", () -> new ExecCommand(surroundings));
    commands.put("upload", () -> new UploadCommand(surroundings));
    commands.put("download", () -> new DownloadCommand(surroundings));
    commands.put("workers", () -> new WorkersCommand(surroundings));
    commands.put("worker", () -> new WorkerCommand(surroundings));
    commands.put("project", () -> new ProjectCommand(surroundings));
    commands.put("limits", () -> new LimitsCommand(surroundings));
    commands.put("pool", () -> new PoolCommand(surroundings));
    commands.put("images", () -> new ImagesCommand(surroundings));
    commands.put("image", () -> new ImageCommand(surroundings));
    commands.put("image-publish", () -> new ImagePointCommand(surroundings));
    commands.put("health", () -> new HealthCommand(surroundings));
    return commands;
  }

  private Map<String, Supplier<Callable<Integer>>> imageCommands() {
    Map<String, Supplier<Callable<Integer>>> commands = new LinkedHashMap<>();
    commands.put("ls", () -> new ImagesCommand(surroundings));
    commands.put("inspect", () -> new ImageInspectCommand(surroundings));
    commands.put("check", () -> new ImageCheckCommand(surroundings));
    commands.put("policy", () -> new ImagePolicyCommand(surroundings));
    commands.put("publish", () -> new ImagePublishCommand(surroundings));
    return commands;
  }

  private static Map<String, String> exitCodes() {
    Map<String, String> list = new LinkedHashMap<>();
    list.put(
        "n", "the job's own exit code, 128 + s when signal s ended it; and when there is none:");
    for (ExitCode code : ExitCode.values()) {
      if (code != ExitCode.OK) {
        list.put(Integer.toString(code.code()), code.meaning());
      }
    }
    return list;
  }

  private int wrongUsage(ParameterException wrong) {
    String command = wrong.getCommandLine().getCommandSpec().qualifiedName();
    String what = wrong.getMessage();
    if (wrong instanceof UnmatchedArgumentException unmatched && command.equals("mayfly")) {
      what = "there is no command '" + unmatched.getUnmatched().get(0) + "'";
    }
    output.sayIfPossible(what + "; see " + command + " --help");
    return ExitCode.USAGE.code();
  }

  private int failed(Exception failure) {
    if (failure instanceof OutputClosed closed) {
      return outputClosed(closed);
    }
    int code;
    if (failure instanceof CommandFailed failed) {
      failed.lines().forEach(output::sayIfPossible);
      code = failed.exitCode().code();
    } else if (failure instanceof MayflyProblem problem) {
      output.sayIfPossible(
          problem.isTokenRefused()
              ? "the orchestrator refused the token ("
                  + problem.getMessage()
                  + "); set MAYFLY_TOKEN_FILE or MAYFLY_TOKEN"
              : problem.getMessage());
      code = codeOf(problem).code();
    } else if (failure instanceof MayflyException) {
      output.sayIfPossible(failure.getMessage());
      code = ExitCode.UNREACHABLE.code();
    } else {
      output.sayIfPossible("a bug of mayfly: " + failure + "; MAYFLY_DEBUG=1 shows where");
      code = ExitCode.FAULT.code();
    }
    if (surroundings.debug()) {
      StringWriter trace = new StringWriter();
      failure.printStackTrace(new PrintWriter(trace, true));
      try {
        output.printError(trace.toString());
      } catch (OutputClosed nobodyListens) {
        return code;
      }
    }
    return code;
  }

  private static ExitCode codeOf(MayflyProblem problem) {
    if (problem.isTokenRefused()) {
      return ExitCode.UNREACHABLE;
    }
    int status = problem.problem().status();
    // 429: there is no room in the queue, which is no fault of the request.
    return status >= 500 || status == 429 ? ExitCode.FAULT : ExitCode.REFUSED;
  }

  private int outputClosed(OutputClosed closed) {
    if (closed.isBrokenPipe()) {
      return ExitCode.OUTPUT_CLOSED.code();
    }
    output.sayIfPossible("cannot write the output: " + closed.getMessage());
    return ExitCode.FAULT.code();
  }
}
