package dev.mayfly.cli;

import dev.mayfly.api.rest.Problem;
import java.util.ArrayList;
import java.util.List;

/** The command ends here, with these lines for the user. */
final class CommandFailed extends Exception {
  private static final long serialVersionUID = 1L;

  private final ExitCode exitCode;
  private final transient List<String> lines;

  CommandFailed(ExitCode exitCode, List<String> lines) {
    super(String.join("; ", lines));
    this.exitCode = exitCode;
    this.lines = List.copyOf(lines);
  }

  CommandFailed(ExitCode exitCode, String line) {
    this(exitCode, List.of(line));
  }

  /** A request that the orchestrator refused: one line for each field, or one in all. */
  static CommandFailed refused(Problem problem) {
    List<String> lines = new ArrayList<>();
    for (Problem.FieldError error : problem.errors()) {
      lines.add("refused: " + error.field() + ": " + error.message());
    }
    if (lines.isEmpty()) {
      String detail = problem.detail();
      lines.add("refused: " + problem.title() + (detail == null ? "" : ": " + detail));
    }
    return new CommandFailed(ExitCode.REFUSED, lines);
  }

  ExitCode exitCode() {
    return exitCode;
  }

  List<String> lines() {
    return lines;
  }
}
