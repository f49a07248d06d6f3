package dev.mayfly.worker.core.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.worker.core.guest.GuestException.Kind;
import dev.mayfly.worker.core.guest.GuestExec.ExecEnd;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class GuestReconnectTest {
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

  private static ExecEnd end(GuestExec exec) throws Exception {
    return exec.ended().get(20, TimeUnit.SECONDS);
  }

  private static void until(BooleanSupplier condition) {
    long deadline = System.nanoTime() + SOON.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  /**
   * The heart of it: whatever byte a connection breaks at, nothing is lost and nothing repeated.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void brokenConnectionsLoseAndRepeatNothing(int seed) throws Exception {
    Random random = new Random(seed);
    guest.maxOutput(1 + random.nextInt(GuestFrameCodec.MAX_DATA));
    int bytes = 2_000_000;
    CollectingSink sink = new CollectingSink();
    guest.cutAfter(200 + random.nextInt(400_000));
    GuestSession session = sessions.open(guest.connect(), false, SOON);
    GuestExec exec = session.start(script("fill " + bytes + ";echo e >&2;exit 9"), sink, SOON);
    int id = exec.id();
    int connections = 1;
    boolean ended = false;
    while (!ended) {
      try {
        assertThat(end(exec).exitCode()).isEqualTo(9);
        ended = true;
      } catch (ExecutionException broken) {
        assertThat(broken.getCause())
            .isInstanceOfSatisfying(
                GuestException.class,
                e -> assertThat(e.kind()).as(e.getMessage()).isEqualTo(Kind.GONE));
        connections++;
        // Room for the leftovers and the answer, so that most connections get somewhere.
        guest.cutAfter(150_000 + random.nextInt(500_000));
        try {
          session = sessions.open(guest.connect(), true, SOON);
          exec =
              session.adopt(id, sink.safe(GuestStream.STDOUT), sink.safe(GuestStream.STDERR), sink);
        } catch (GuestException e) {
          // Broke again before the exec was taken up: the next turn finds the old one broken.
          assertThat(e.kind()).as(e.getMessage()).isEqualTo(Kind.GONE);
        }
      }
    }
    session.close();

    assertThat(connections).isGreaterThan(2);
    assertThat(sink.bytes(GuestStream.STDOUT)).isEqualTo(FakePrograms.pattern(bytes));
    assertThat(sink.text(GuestStream.STDERR)).isEqualTo("e\n");
  }

  @Test
  void aHostThatDiedInsideAFrameIsForgiven() throws Exception {
    GuestChannel channel = guest.connect();
    GuestSession first = sessions.open(channel, false, SOON);
    GuestExec exec = first.start(script("sleep 1000"), new CollectingSink(), SOON);
    byte[] frame = GuestFrameCodec.encode(new HostMessage.SpecPart(9, new byte[60_000]));
    channel.write(ByteBuffer.wrap(frame, 0, 40_000));
    first.close();

    try (GuestSession second = sessions.open(guest.connect(), true, SOON)) {
      assertThat(second.hello().execs()).hasSize(1);
      CollectingSink sink = new CollectingSink();
      GuestExec again = second.adopt(exec.id(), 0, 0, sink);
      again.signal(9, true);
      assertThat(end(again).exitCode()).isEqualTo(137);
    }
  }

  @Test
  void anExecThatEndedWhileNobodyListenedIsToldOnAdoption() throws Exception {
    CollectingSink sink = new CollectingSink();
    GuestSession first = sessions.open(guest.connect(), false, SOON);
    GuestExec exec = first.start(script("echo a;exit 4"), sink, SOON);
    end(exec);
    first.close();

    try (GuestSession second = sessions.open(guest.connect(), true, SOON)) {
      assertThat(second.hello().execs().getFirst().ended()).isTrue();
      GuestExec again = second.adopt(exec.id(), 2, 0, sink);
      assertThat(end(again).exitCode()).isEqualTo(4);
      assertThat(sink.text(GuestStream.STDOUT)).isEqualTo("a\n");
      again.forget();
      GuestExec next = second.start(script("exit 1"), sink, SOON);
      assertThat(next.id()).isNotEqualTo(exec.id());
      assertThat(end(next).exitCode()).isEqualTo(1);
    }
  }

  @Test
  void outputThatTheGuestForgotButNobodyHasIsAViolation() throws Exception {
    GuestSession first = sessions.open(guest.connect(), false, SOON);
    GuestExec exec = first.start(script("echo abc;sleep 1000"), new CollectingSink(), SOON);
    until(() -> guest.acknowledged(exec.id(), 1) == 4);
    first.close();

    GuestSession second = sessions.open(guest.connect(), true, SOON);
    assertThatThrownBy(() -> second.adopt(exec.id(), 2, 0, new CollectingSink()))
        .isInstanceOfSatisfying(
            GuestException.class, e -> assertThat(e.kind()).isEqualTo(Kind.VIOLATION));
    assertThat(second.over().get(20, TimeUnit.SECONDS).kind()).isEqualTo(Kind.VIOLATION);
  }

  @Test
  void stdinGoesOnWhereTheLastConversationLeftIt() throws Exception {
    byte[] data = FakePrograms.pattern(200_000);
    CollectingSink sink = new CollectingSink();
    GuestSession first = sessions.open(guest.connect(), false, SOON);
    GuestExec exec = first.start(script("cat"), sink, SOON);
    exec.stdin(Arrays.copyOf(data, 50_000));
    until(() -> sink.safe(GuestStream.STDOUT) > 0);
    first.close();

    try (GuestSession second = sessions.open(guest.connect(), true, SOON)) {
      int accepted = (int) second.hello().execs().getFirst().stdinAccepted();
      GuestExec again = second.adopt(exec.id(), sink.safe(GuestStream.STDOUT), 0, sink);
      again.stdin(Arrays.copyOfRange(data, accepted, data.length));
      again.closeStdin();
      assertThat(end(again).exitCode()).isZero();
      assertThat(sink.bytes(GuestStream.STDOUT)).isEqualTo(data);
    }
  }
}
