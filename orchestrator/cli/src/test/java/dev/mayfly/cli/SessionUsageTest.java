package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SessionUsageTest {
  private static final String ID = "01890000-0000-7000-8000-000000000001";

  private final Shell shell = new Shell();

  private int run(String... arguments) {
    shell.environment.put("MAYFLY_URL", "http://127.0.0.1:1");
    // No token: it ends before it reaches for the network.
    shell.environment.put("MAYFLY_TOKEN_FILE", "/nonexistent/token");
    return shell.run(arguments);
  }

  @ParameterizedTest(name = "mayfly {0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "session                            | start, keep or release",
        "session start                      | --image",
        "session release                    | ID",
        "session release x                  | is not the id of a job",
        "session release " + ID + " --exit-code 256 | --exit-code is 0 to 255",
        "exec                               | ID",
        "exec " + ID + "                    | COMMAND",
        "exec " + ID + " --                 | COMMAND",
        "upload " + ID + "                  | DIR",
        "download " + ID + "                | PATH",
      })
  void wrongUsageIsExplained(String line, String explanation) {
    assertThat(run(line.split(" "))).isEqualTo(ExitCode.USAGE.code());
    assertThat(shell.stderr.text()).contains(explanation);
  }

  @ParameterizedTest(name = "mayfly {0} --help")
  @CsvSource({"session", "session start", "session release", "exec", "upload", "download"})
  void everyCommandHelps(String command) {
    assertThat(run((command + " --help").split(" "))).isZero();
    assertThat(shell.stdout.text()).contains("mayfly " + command);
  }

  @Test
  void whatFollowsTheCommandOfAnExecIsTheCommands() {
    int code = run("exec", ID, "--", "ls", "--help", "-i");
    assertThat(code).isEqualTo(ExitCode.UNREACHABLE.code());
    assertThat(run("exec", ID, "ls", "--help")).isEqualTo(ExitCode.UNREACHABLE.code());
  }
}
