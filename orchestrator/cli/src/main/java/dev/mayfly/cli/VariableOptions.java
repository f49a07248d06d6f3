package dev.mayfly.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that set variables of a command, for those who start one. */
final class VariableOptions {
  @Option(
      names = {"-e", "--env"},
      paramLabel = "K[=V]",
      description = "set a variable; K alone takes your own value; may be repeated")
  List<String> environment = new ArrayList<>();

  @Option(
      names = "--env-file",
      paramLabel = "FILE",
      description = "set variables from lines K=V or K, # begins a comment; may be repeated")
  List<String> environmentFiles = new ArrayList<>();

  @Option(
      names = "--secret",
      paramLabel = "NAME[=@FILE]",
      description =
          "set a variable whose value is masked in the log: NAME takes your own value, NAME=@FILE a"
              + " file's, NAME=@- standard input; may be repeated")
  List<String> secrets = new ArrayList<>();

  /** Those that may be seen; null: none. */
  @Nullable Map<String, String> visible(Surroundings surroundings) throws CommandFailed {
    Map<String, String> variables =
        EnvironmentOptions.collect(environmentFiles, environment, surroundings.environment());
    return variables.isEmpty() ? null : variables;
  }

  /** Those whose values are masked; null: none. */
  @Nullable Map<String, String> masked(Surroundings surroundings) throws CommandFailed {
    Map<String, String> masked =
        new SecretOptions(surroundings.environment(), surroundings.input()).collect(secrets);
    return masked.isEmpty() ? null : masked;
  }
}
