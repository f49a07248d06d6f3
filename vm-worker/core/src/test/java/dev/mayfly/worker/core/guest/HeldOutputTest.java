package dev.mayfly.worker.core.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.worker.core.guest.GuestException.Kind;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.guest.GuestSession.OutputSink;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sinks that take bytes before they are safe. */
@Timeout(60)
class HeldOutputTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  private final FramedGuestSessions sessions = new FramedGuestSessions(new Random(1));
  private final FakeGuest guest = new FakeGuest(FakePrograms.shell());

  @AfterEach
  void endGuest() {
    guest.close();
  }

  private static ExecSpec script(String script) {
    return new ExecSpec(List.of("sh", "-c", script), List.of(), "/", false, "", true, 18);
  }

  private static void until(BooleanSupplier condition) {
    long deadline = System.nanoTime() + SOON.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  @Test
  void onlyWhatTheSinkCallsSafeIsAcknowledged() throws Exception {
    HoldingSink sink = new HoldingSink(10);
    try (GuestSession session = sessions.open(guest.connect(), false, SOON)) {
      GuestExec exec = session.start(script("fill 30000;sleep 1000"), sink, SOON);
      until(() -> guest.acknowledged(exec.id(), 1) > 29_000);
      session.ping(SOON);

      assertThat(guest.acknowledged(exec.id(), 1)).isEqualTo(29_990);
      assertThat(sink.safe(GuestStream.STDOUT)).isEqualTo(29_990);
    }
  }

  @Test
  void whatWasHeldBackIsSafeBeforeTheEndIsTold() throws Exception {
    HoldingSink sink = new HoldingSink(1000);
    try (GuestSession session = sessions.open(guest.connect(), false, SOON)) {
      GuestExec exec = session.start(script("echo out;echo err >&2"), sink, SOON);

      assertThat(exec.ended().get(20, TimeUnit.SECONDS).exitCode()).isZero();
      assertThat(sink.bytes(GuestStream.STDOUT)).asString().isEqualTo("out\n");
      assertThat(sink.end(GuestStream.STDOUT)).isEqualTo(4);
      assertThat(sink.end(GuestStream.STDERR)).isEqualTo(4);
      until(() -> guest.acknowledged(exec.id(), 1) == 4 && guest.acknowledged(exec.id(), 2) == 4);
    }
  }

  @Test
  void aStreamWithoutOutputEndsToo() throws Exception {
    HoldingSink sink = new HoldingSink(1);
    try (GuestSession session = sessions.open(guest.connect(), false, SOON)) {
      GuestExec exec = session.start(script("exit 0"), sink, SOON);

      exec.ended().get(20, TimeUnit.SECONDS);
      assertThat(sink.end(GuestStream.STDOUT)).isZero();
      assertThat(sink.end(GuestStream.STDERR)).isZero();
    }
  }

  @Test
  void holdingBackAllThatIsAllowedNeverStalls() throws Exception {
    HoldingSink sink = new HoldingSink(OutputSink.HELD_LIMIT - 1);
    try (GuestSession session = sessions.open(guest.connect(), false, SOON)) {
      GuestExec exec = session.start(script("fill 3000000"), sink, SOON);

      assertThat(exec.ended().get(20, TimeUnit.SECONDS).exitCode()).isZero();
      assertThat(sink.bytes(GuestStream.STDOUT)).isEqualTo(FakePrograms.pattern(3_000_000));
    }
  }

  @Test
  void whatWasHeldBackComesAgainAfterAReconnect() throws Exception {
    HoldingSink sink = new HoldingSink(500);
    GuestSession first = sessions.open(guest.connect(), false, SOON);
    GuestExec exec = first.start(script("fill 70000;cat"), sink, SOON);
    until(() -> guest.acknowledged(exec.id(), 1) == 69_500);
    first.close();
    assertThatThrownBy(() -> exec.ended().get(20, TimeUnit.SECONDS))
        .hasCauseInstanceOf(GuestException.class);
    assertThat(sink.end(GuestStream.STDOUT)).as("told no end").isEqualTo(-1);

    sink.forgetHeld();
    try (GuestSession second = sessions.open(guest.connect(), true, SOON)) {
      GuestExec again = second.adopt(exec.id(), sink.safe(GuestStream.STDOUT), 0, sink);
      again.closeStdin();
      assertThat(again.ended().get(20, TimeUnit.SECONDS).exitCode()).isZero();
      assertThat(sink.bytes(GuestStream.STDOUT)).isEqualTo(FakePrograms.pattern(70_000));
    }
  }

  static List<OutputSink> sinksWhoseWordCannotBe() {
    OutputSink beyondTheData = (stream, offset, data) -> offset + data.length + 1;
    OutputSink back = (stream, offset, data) -> offset == 0 ? data.length : offset - 1;
    OutputSink tooMuchHeld = (stream, offset, data) -> 0;
    return List.of(beyondTheData, back, tooMuchHeld);
  }

  @ParameterizedTest
  @MethodSource("sinksWhoseWordCannotBe")
  void aSinkWhoseWordCannotBeEndsTheConversation(OutputSink wrong) throws Exception {
    try (GuestSession session = sessions.open(guest.connect(), false, SOON)) {
      GuestExec exec = session.start(script("fill 120000;sleep 1000"), wrong, SOON);

      assertThatThrownBy(() -> exec.ended().get(20, TimeUnit.SECONDS))
          .cause()
          .isInstanceOfSatisfying(
              GuestException.class,
              broken -> {
                assertThat(broken.kind()).isEqualTo(Kind.GONE);
                assertThat(broken).hasMessageContaining("could not be stored");
              });
    }
  }

  @Test
  void severalExecsAreAdoptedAtOnceEachWithItsStdin() throws Exception {
    int count = 3;
    HoldingSink[] sinks = new HoldingSink[count];
    int[] ids = new int[count];
    byte[] data = FakePrograms.pattern(200_000);
    GuestSession first = sessions.open(guest.connect(), false, SOON);
    for (int i = 0; i < count; i++) {
      sinks[i] = new HoldingSink(100 * (i + 1));
      GuestExec exec = first.start(script("cat"), sinks[i], SOON);
      ids[i] = exec.id();
      exec.stdin(Arrays.copyOf(data, 50_000 + i));
    }
    until(() -> sinks[0].safe(GuestStream.STDOUT) > 0);
    first.close();

    try (GuestSession second = sessions.open(guest.connect(), true, SOON)) {
      assertThat(second.hello().execs()).hasSize(count);
      GuestExec[] again = new GuestExec[count];
      for (int i = count - 1; i >= 0; i--) {
        sinks[i].forgetHeld();
        again[i] = second.adopt(ids[i], sinks[i].safe(GuestStream.STDOUT), 0, sinks[i]);
      }
      for (int i = 0; i < count; i++) {
        int id = ids[i];
        int accepted =
            (int)
                second.hello().execs().stream()
                    .filter(known -> known.id() == id)
                    .findFirst()
                    .orElseThrow()
                    .stdinAccepted();
        again[i].stdin(Arrays.copyOfRange(data, accepted, data.length));
        again[i].closeStdin();
      }
      for (int i = 0; i < count; i++) {
        assertThat(again[i].ended().get(20, TimeUnit.SECONDS).exitCode()).isZero();
        assertThat(sinks[i].bytes(GuestStream.STDOUT)).isEqualTo(data);
      }
    }
  }
}
