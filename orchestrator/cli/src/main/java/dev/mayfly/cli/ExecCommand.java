package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.ExecRequest;
import dev.mayfly.api.rest.ExecView;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.client.MayflyException;
import dev.mayfly.client.MayflyProblem;
import dev.mayfly.client.RemoteExec;
import dev.mayfly.client.Session;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs a command in a session. */
@Command(
    name = "exec",
    description = "Run a command in a session, show its output live, and exit as it does.",
    customSynopsis = "mayfly exec [OPTIONS] ID -- COMMAND [ARGUMENT...]",
    sortOptions = false)
final class ExecCommand implements Callable<Integer> {

  /** The first one asks the command to end, the second one makes it. */
  private static final int PATIENT_SIGNALS = 1;

  private final Surroundings surroundings;
  private final Output output;

  @Mixin HelpOption help = new HelpOption();

  @Option(
      names = {"-i", "--interactive"},
      description = "let the command read our standard input")
  boolean interactive;

  @Mixin VariableOptions variables = new VariableOptions();

  @Option(
      names = {"-w", "--workdir"},
      paramLabel = "DIR",
      description = "directory in the guest, made when absent (default that of the session)")
  @Nullable String workingDirectory;

  @Option(
      names = {"-u", "--user"},
      paramLabel = "USER",
      description = "name or uid[:gid] in the guest (default that of the session)")
  @Nullable String user;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = Durations.class,
      description = "end the command when it has run so long (default: only the session's)")
  @Nullable Integer timeoutSeconds;

  @Parameters(
      index = "0",
      paramLabel = "ID",
      converter = JobArgument.class,
      description = "id of the session's job")
  @Nullable JobId id;

  @Parameters(
      index = "1..*",
      paramLabel = "COMMAND",
      arity = "1..*",
      description = "command and its arguments")
  List<String> command = new ArrayList<>();

  ExecCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
    this.output = surroundings.output();
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    ExecRequest request = request();
    try (Session session =
        new Connection(surroundings).client().session(Objects.requireNonNull(id))) {
      RemoteExec exec = session.open(request);
      ExecSignals signals = new ExecSignals(exec, output, surroundings.signals(), PATIENT_SIGNALS);
      signals.watch();
      if (interactive) {
        Thread.ofVirtual().name("stdin").start(() -> pump(exec));
      }
      LogPrinter printer = new LogPrinter(output, false, () -> {});
      ExecView ended;
      try {
        ended = exec.follow(printer);
      } catch (OutputClosed closed) {
        signals.kill();
        throw closed;
      }
      printer.finish();
      return report(ended);
    }
  }

  private ExecRequest request() throws CommandFailed {
    return new ExecRequest(
        words(),
        variables.visible(surroundings),
        variables.masked(surroundings),
        workingDirectory,
        user,
        interactive,
        timeoutSeconds);
  }

  /** All after ID belongs to the command, but for the "--" that people write before it. */
  private List<String> words() throws CommandFailed {
    List<String> words =
        command.getFirst().equals("--") ? command.subList(1, command.size()) : command;
    if (words.isEmpty()) {
      throw new CommandFailed(ExitCode.USAGE, "COMMAND is missing: mayfly exec ID -- COMMAND");
    }
    return words;
  }

  /** Ends with our input, or with the command, which then takes no more. */
  private void pump(RemoteExec exec) {
    try (OutputStream stdin = exec.stdin()) {
      surroundings.input().transferTo(stdin);
    } catch (MayflyProblem gone) {
      if (gone.problem().status() != 409) {
        output.sayIfPossible("the command's input broke: " + gone.getMessage());
      }
    } catch (IOException broken) {
      output.sayIfPossible("the command's input broke: " + broken.getMessage());
    }
  }

  private int report(ExecView ended) throws OutputClosed, MayflyException {
    OutcomeView outcome = ended.outcome();
    if (outcome == null) {
      throw new IllegalStateException("the output ended before the command did");
    }
    String fault = outcome.faultCode();
    if (fault != null) {
      String detail = outcome.detail();
      output.say(fault + (detail == null ? "" : ": " + detail));
    } else if (outcome.kind().equals("CANCELLED")) {
      output.say("the session ended before the command did");
    }
    return ExitCode.of(outcome);
  }
}
