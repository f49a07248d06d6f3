package dev.mayfly.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.client.ServerSentEvents.Event;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerSentEventsTest {

  private static final String TEXT =
      ": hello\n\nevent: log\nid: a1\ndata: {\"x\":\"ä🪰\"}\n\n"
          + "data:no blank\r\ndata: second\r\n\r\n"
          + ":\n:keep-alive\n\nid: only an id\n\nretry: 10\rdata\rdata:\r\rnonsense\n\n"
          + "event: end\ndata: {}\n\n";

  private static final List<Event> EVENTS =
      List.of(
          new Event("log", "a1", "{\"x\":\"ä🪰\"}"),
          new Event("message", null, "no blank\nsecond"),
          new Event("message", null, "\n"),
          new Event("end", null, "{}"));

  @Test
  void eventsAreReadWithEveryLineEnd() throws Exception {
    assertThat(read(new ByteArrayInputStream(utf8(TEXT)))).isEqualTo(EVENTS);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void itDoesNotMatterHowTheBytesArrive(long seed) throws Exception {
    assertThat(read(new InPieces(utf8(TEXT), new Random(seed)))).isEqualTo(EVENTS);
  }

  @Test
  void anEventWhoseEndIsMissingIsNotHandedOut() throws Exception {
    String event = "event: log\nid: 1\ndata: abc\n\n";
    for (int length = 0; length < event.length(); length++) {
      assertThat(read(new ByteArrayInputStream(utf8(event.substring(0, length))))).isEmpty();
    }
  }

  @Test
  void anEventIsBounded() {
    String line = "data: " + "x".repeat(1_000_000) + "\n";
    assertThatThrownBy(() -> read(new ByteArrayInputStream(utf8(line.repeat(5)))))
        .isInstanceOf(UnexpectedAnswer.class);
    assertThatThrownBy(() -> read(new ByteArrayInputStream(utf8("x".repeat(5_000_000)))))
        .isInstanceOf(UnexpectedAnswer.class);
  }

  @Test
  void commentsWithoutEndAreNoEvent() throws Exception {
    ServerSentEvents events =
        new ServerSentEvents(new ByteArrayInputStream(utf8(": keep-alive\n\n".repeat(500_000))));
    assertThat(events.next()).isNull();
    assertThat(events.lines()).isEqualTo(1_000_000);
  }

  private static List<Event> read(InputStream in) throws IOException {
    ServerSentEvents events = new ServerSentEvents(in);
    List<Event> all = new ArrayList<>();
    for (Event event = events.next(); event != null; event = events.next()) {
      all.add(event);
    }
    return all;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Hands bytes out a few at a time, as a network does. */
  private static final class InPieces extends InputStream {
    private final ByteArrayInputStream in;
    private final Random random;

    InPieces(byte[] bytes, Random random) {
      this.in = new ByteArrayInputStream(bytes);
      this.random = random;
    }

    @Override
    public int read() {
      return in.read();
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      return in.read(into, offset, Math.min(length, 1 + random.nextInt(3)));
    }
  }
}
