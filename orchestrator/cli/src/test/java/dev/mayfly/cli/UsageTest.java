package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UsageTest {
  private final Shell shell = new Shell();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "\"\" | there is no command ''",
        "foo | there is no command 'foo'",
        "run | Missing required option: '--image=NAME'",
        "run -- true | Missing required option: '--image=NAME'",
        "run --image i --bogus x | Unknown option: '--bogus'",
        "run --image i --cpus many x | Invalid value for option '--cpus'",
        "run --image i --memory 5 x | '5' is not a size such as 512M or 4G",
        "run --image i --timeout 5 x | '5' is not a duration such as 30s, 10m or 1h",
        "run --image i --network bridge x | --network is user or none",
        "run --image i --env 1=2 x | expected NAME=VALUE",
        "run --image i --env ABSENT x | ABSENT has no value and is not set in your environment",
        "run --image i --env-file /absent x | there is no file /absent",
        "run --image i --idempotency-key ä x | --idempotency-key: an idempotency key is",
        "logs | Missing required parameter: 'ID'",
        "logs nonsense | 'nonsense' is not the id of a job",
        "logs --stream news 01890000-0000-7000-8000-000000000001 | --stream is stdout, stderr",
        "ps --state dead | --state is queued, active or finished",
        "ps --limit 0 | --limit is 1 to",
        "ps x | Unmatched argument at index 1: 'x'",
        "image-publish UPPER --digest d --architecture a --size 1 | image is not a valid name",
        "run --image i --secret TOKEN=hush x | --secret TOKEN: everybody on this machine can read",
        "run --image i --secret ABSENT x | --secret ABSENT is not set in your environment",
        "run --image i --secret T=@/absent x | --secret T: there is no file /absent",
        "run --image i --secret 1T x | --secret expected NAME or NAME=@FILE",
        "run --image i --secret A=@- --secret B=@- x | --secret B: standard input holds one secret",
        "run --image i --log-limit 5 x | '5' is not a size such as 64K, 100M or 1G",
        "run --image i --queue-timeout 5 x | '5' is not a duration such as 30s, 10m or 1h",
        "explain | Missing required parameter: 'ID'",
        "logs --stream file 01890000-0000-7000-8000-000000000001 | --stream is stdout, stderr",
        "worker | say what to do with the worker",
        "worker drain | Missing required parameter: 'NAME'",
        "worker quarantine w | Missing required option: '--reason=TEXT'",
        "worker paint w | Unmatched arguments from index 1: 'paint', 'w'",
        "project set ci | name what to set: --weight or --max-active",
        "project set CI --weight 2 | the name of a project must be 1 to 63 characters",
        "project set ci --max-active few | 'few' is neither a number nor none",
        "limits --max-active few | 'few' is neither a number nor none",
        "pool set P pack | the name of a worker pool must be 1 to 63 characters",
        "image | say what to do with the image",
        "image paint | Unmatched argument at index 1: 'paint'",
        "image publish | say which image to publish, or --all",
        "image publish --all debian:12 | say which image to publish, or --all",
        "image check | Missing required parameter: 'NAME'",
        "image rollback debian:12 | Missing required parameter: 'NUMBER'",
        "image history UPPER | 'UPPER': image is not a valid name",
        "image inspect sha256:12 | 'sha256:12': digest is not sha256: and 64",
        "image policy debian:12 --watch 5 | '5' is not a duration such as 30s, 10m or 1h",
        "health --wait -1 | --wait is 0 to",
      })
  void wrongUsageIsOneLine(String arguments, String message) {
    shell.environment.put("HOME", "/nowhere");
    shell.environment.put("MAYFLY_URL", "http://127.0.0.1:1");
    assertThat(shell.run(arguments.split(" "))).isEqualTo(2);
    assertThat(shell.stderr.text()).startsWith("mayfly: ").contains(message);
    assertThat(shell.stderr.text().lines()).hasSize(1);
    assertThat(shell.stderr.text()).doesNotContain("hush");
    assertThat(shell.stdout.text()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "run",
        "logs",
        "ps",
        "show",
        "explain",
        "attempts",
        "worker",
        "project",
        "limits",
        "pool",
        "wait",
        "cancel",
        "workers",
        "images",
        "image",
        "image-publish",
        "health"
      })
  void everyCommandHasHelp(String command) {
    assertThat(shell.run(command, "--help")).isZero();
    assertThat(shell.stdout.text()).startsWith("Usage: mayfly " + command).contains("--help");
    assertThat(shell.stderr.text()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "worker drain",
        "worker quarantine",
        "project set",
        "pool set",
        "image ls",
        "image inspect",
        "image history",
        "image rollback",
        "image policy",
        "image check",
        "image publish",
        "image pin",
        "image rm",
        "image gc"
      })
  void everyPartOfACommandHasHelp(String command) {
    String[] words = command.split(" ");
    assertThat(shell.run(words[0], words[1], "--help")).isZero();
    assertThat(shell.stdout.text()).startsWith("Usage: mayfly " + command).contains("--help");
  }

  @Test
  void theHelpOfRunNamesEveryExitCode() {
    shell.run("run", "--help");
    for (ExitCode code : ExitCode.values()) {
      if (code != ExitCode.OK) {
        assertThat(shell.stdout.text()).containsPattern("(?m)^  " + code.code() + " ");
      }
    }
  }

  @Test
  void helpListsWhatUsersNeedAndNotWhatTheLauncherNeeds() {
    assertThat(shell.run("--help")).isZero();
    assertThat(shell.stdout.text()).contains("  run ", "  images ").doesNotContain("image-publish");
  }

  @Test
  void aUrlThatWouldLeakTheTokenIsRefused() {
    shell.environment.put("MAYFLY_URL", "http://example.org");
    assertThat(shell.run("ps")).isEqualTo(2);
    assertThat(shell.stderr.text()).startsWith("mayfly: refused to send the token");
  }

  @Test
  void anAbsentTokenSaysWhatToDo() {
    shell.environment.put("MAYFLY_HOME", "/nowhere");
    assertThat(shell.run("ps")).isEqualTo(121);
    assertThat(shell.stderr.text())
        .isEqualTo(
            "mayfly: there is no token at /nowhere/secrets/api-token; start Mayfly with ./mayfly"
                + " up, or set MAYFLY_TOKEN_FILE or MAYFLY_TOKEN\n");
  }

  @Test
  void aStackTraceIsShownOnlyOnDemand() {
    shell.environment.put("MAYFLY_HOME", "/nowhere");
    shell.environment.put("MAYFLY_DEBUG", "1");
    assertThat(shell.run("ps")).isEqualTo(121);
    assertThat(shell.stderr.text()).contains("TokenUnavailable").contains("\tat ");
  }

  @Test
  void aReaderThatWentAwayIsNoComplaint() {
    shell.stdout.breakAfter(0, "Broken pipe");
    assertThat(shell.run("--help")).isEqualTo(141);
    assertThat(shell.stderr.text()).isEmpty();
  }

  @Test
  void aFullDiskIs() {
    shell.stdout.breakAfter(0, "No space left on device");
    assertThat(shell.run("--help")).isEqualTo(125);
    assertThat(shell.stderr.text())
        .isEqualTo("mayfly: cannot write the output: No space left on device\n");
  }
}
