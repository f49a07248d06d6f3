package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.LogStream;
import dev.mayfly.client.LogPiece;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class OutputTest {
  private final CapturedOutput stdout = new CapturedOutput();
  private final CapturedOutput stderr = new CapturedOutput();
  private final Output output = new Output(stdout, stderr);

  @Test
  void bytesPassUnchangedHoweverSlowlyTheyAreTaken() throws Exception {
    byte[] bytes = new byte[100_000];
    new Random(1).nextBytes(bytes);
    output.stdout(bytes);
    assertThat(stdout.bytes()).isEqualTo(bytes);
  }

  @Test
  void ourLinesBeginOnLinesOfTheirOwn() throws Exception {
    output.stderr(utf8("no newline"));
    output.say("one");
    output.stderr(utf8("newline\n"));
    output.say("two");
    assertThat(stderr.text()).isEqualTo("no newline\nmayfly: one\nnewline\nmayfly: two\n");
  }

  @Test
  void whatOthersSentCannotSteerTheTerminalOrMakeLines() throws Exception {
    output.say("a\nb\u001b[31mc\r\u0007\u009b1md ä🪰\n");
    assertThat(stderr.text()).isEqualTo("mayfly: a b [31mc   1md ä🪰\n");
  }

  @Test
  void systemPiecesAreJoinedIntoLines() throws Exception {
    LogPrinter printer = new LogPrinter(output, false, () -> {});
    for (String piece : List.of("boo", "ting\nrea", "dy\n\n", "en", "d")) {
      printer.accept(new LogPiece("c", LogStream.SYSTEM, "t", utf8(piece)));
    }
    printer.finish();
    assertThat(stderr.text()).isEqualTo("mayfly: booting\nmayfly: ready\nmayfly: end\n");
  }

  @Test
  void anEndlessSystemLineIsCut() throws Exception {
    LogPrinter printer = new LogPrinter(output, false, () -> {});
    printer.accept(new LogPiece("c", LogStream.SYSTEM, "t", new byte[100_000]));
    assertThat(stderr.bytes().length).isGreaterThan(0);
  }

  @Test
  void tablesAlign() {
    assertThat(
            Tables.of(
                List.of(List.of("ID", "STATE"), List.of("long-id", "x"), List.of("", "evil\nrow"))))
        .isEqualTo("ID       STATE\nlong-id  x\n         evil row\n");
  }

  @Test
  void agesAreInOneUnit() {
    Instant now = Instant.parse("2026-11-21T12:00:00Z");
    assertThat(Tables.ago("2026-11-21T11:59:59.000001Z", now)).isEqualTo("0s");
    assertThat(Tables.ago("2026-11-21T11:30:00Z", now)).isEqualTo("30m");
    assertThat(Tables.ago("2026-11-21T02:00:00Z", now)).isEqualTo("10h");
    assertThat(Tables.ago("2026-11-01T12:00:00Z", now)).isEqualTo("20d");
    assertThat(Tables.ago("2027-11-01T12:00:00Z", now)).isEqualTo("0s");
    assertThat(Tables.ago("soon", now)).isEqualTo("?");
  }

  @Test
  void aLongCommandIsCutBetweenCharacters() {
    assertThat(Tables.command(List.of("sh", "-c", "echo 'x'", ""), 50))
        .isEqualTo("sh -c 'echo 'x'' ''");
    assertThat(Tables.command(List.of("🪰🪰🪰🪰🪰"), 3)).isEqualTo("🪰🪰…");
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
