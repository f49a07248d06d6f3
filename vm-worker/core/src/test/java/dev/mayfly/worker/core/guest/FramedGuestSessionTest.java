package dev.mayfly.worker.core.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.worker.core.guest.FakeGuestWire.Payload;
import dev.mayfly.worker.core.guest.GuestException.Kind;
import dev.mayfly.worker.core.guest.GuestExec.ExecEnd;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.guest.GuestSession.OutputSink;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FramedGuestSessionTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  private final FramedGuestSessions sessions = new FramedGuestSessions(new Random(1));
  private FakeGuest guest = new FakeGuest(FakePrograms.shell());

  @AfterEach
  void endGuest() {
    guest.close();
  }

  private void guestRuns(Function<ExecSpec, FakeProgram> programs) {
    guest.close();
    guest = new FakeGuest(programs);
  }

  private GuestSession open() throws Exception {
    return sessions.open(guest.connect(), false, SOON);
  }

  private static ExecSpec script(String script) {
    return new ExecSpec(List.of("sh", "-c", script), List.of(), "/", false, "", true, 18);
  }

  /** A sink that takes nothing without a permit. */
  private static OutputSink held(Semaphore permits) {
    return (stream, offset, data) -> {
      permits.acquire();
      return offset + data.length;
    };
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

  @Test
  void aCommandRunsAndItsOutputAndEndArrive() throws Exception {
    try (GuestSession session = open()) {
      CollectingSink sink = new CollectingSink();
      GuestExec exec = session.start(script("echo one;echo two >&2;echo three;exit 3"), sink, SOON);

      ExecEnd end = end(exec);
      assertThat(end.exitCode()).isEqualTo(3);
      assertThat(sink.text(GuestStream.STDOUT)).isEqualTo("one\nthree\n");
      assertThat(sink.text(GuestStream.STDERR)).isEqualTo("two\n");
      assertThat(end.userMicros()).isEqualTo(1000);
      assertThat(end.peakMemoryKib()).isEqualTo(3000);
      exec.forget();
      exec.forget();
      session.ping(SOON);
      assertThat(guest.execs()).isEmpty();
    }
  }

  @Test
  void helloTellsWhoAnswered() throws Exception {
    try (GuestSession session = open()) {
      assertThat(session.hello().kernelRelease()).isEqualTo("6.1.0-fake");
      assertThat(session.hello().execs()).isEmpty();
    }
  }

  @Test
  void theSetupReachesTheGuestAndIsTimed() throws Exception {
    GuestSetup setup =
        new GuestSetup(
            Instant.ofEpochSecond(1_800_000_000L),
            FakePrograms.pattern(64),
            "job-1",
            "0123456789abcdef0123456789abcdef",
            "root",
            "erofs",
            "scratch",
            "ext4",
            GuestSetup.Network.USER_MODE,
            Duration.ofMinutes(2));
    try (GuestSession session = open()) {
      assertThat(session.setup(setup, SOON))
          .extracting(GuestSession.StepTime::step)
          .containsExactly("clock", "root");
    }
    FakeGuest.Setup seen = guest.setup().orElseThrow();
    assertThat(seen.hostname()).isEqualTo("job-1");
    assertThat(seen.entropy()).isEqualTo(FakePrograms.pattern(64));
    assertThat(seen.wallClockNanos()).isEqualTo(1_800_000_000_000_000_000L);
    assertThat(seen.nameServers()).containsExactly("10.0.2.3");
    assertThat(seen.orphanSeconds()).isEqualTo(120);
  }

  @Test
  void aSetupThatFailsSaysWhere() throws Exception {
    guest.failSetup("no such disk");
    GuestSetup setup =
        new GuestSetup(
            Instant.EPOCH, new byte[32], "h", "", "", "", "", "", GuestSetup.Network.NONE, SOON);
    try (GuestSession session = open()) {
      assertThatThrownBy(() -> session.setup(setup, SOON))
          .isInstanceOfSatisfying(
              GuestException.class,
              e -> {
                assertThat(e.kind()).isEqualTo(Kind.SETUP_FAILED);
                assertThat(e).hasMessage("root: no such disk (errno 2)");
              });
      session.ping(SOON);
    }
  }

  @Test
  void aCommandThatCannotStartSaysWhyAndTheNextOneRuns() throws Exception {
    ExecSpec nothing = new ExecSpec(List.of(""), List.of(), "/", false, "", false, 18);
    try (GuestSession session = open()) {
      assertThatThrownBy(() -> session.start(nothing, new CollectingSink(), SOON))
          .isInstanceOfSatisfying(
              GuestException.class, e -> assertThat(e.kind()).isEqualTo(Kind.EXEC_FAILED));
      assertThat(end(session.start(script("exit 5"), new CollectingSink(), SOON)).exitCode())
          .isEqualTo(5);
    }
  }

  @Test
  void aLargeSpecificationArrivesWhole() throws Exception {
    String text = "x".repeat(900_000);
    guestRuns(
        FakePrograms.always(process -> process.spec().environment().getFirst().length() / 10_000));
    ExecSpec spec = new ExecSpec(List.of("a"), List.of("V=" + text), "/", false, "", false, 18);
    try (GuestSession session = open()) {
      assertThat(end(session.start(spec, new CollectingSink(), SOON)).exitCode()).isEqualTo(90);
    }
  }

  @Test
  void muchOutputArrivesOnceAndInOrder() throws Exception {
    try (GuestSession session = open()) {
      CollectingSink sink = new CollectingSink();
      GuestExec exec = session.start(script("fill 3000000"), sink, SOON);

      assertThat(end(exec).exitCode()).isZero();
      assertThat(sink.bytes(GuestStream.STDOUT)).isEqualTo(FakePrograms.pattern(3_000_000));
    }
  }

  @Test
  void streamsThatAlternateKeepTheirOrder() throws Exception {
    guestRuns(
        FakePrograms.always(process -> {
          for (int i = 0; i < 50; i++) {
            process.print("o" + i + " ");
            process.stderr(("e" + i + " ").getBytes(StandardCharsets.UTF_8));
          }
          return 0;
        }));
    try (GuestSession session = open()) {
      CollectingSink sink = new CollectingSink();
      end(session.start(script(""), sink, SOON));
      assertThat(sink.text(GuestStream.STDOUT)).startsWith("o0 o1 ").endsWith("o49 ");
      assertThat(sink.text(GuestStream.STDERR)).startsWith("e0 e1 ").endsWith("e49 ");
    }
  }

  @Test
  void nothingIsAcknowledgedBeforeTheSinkReturned() throws Exception {
    Semaphore permits = new Semaphore(0);
    CollectingSink collected = new CollectingSink();
    CountDownLatch entered = new CountDownLatch(1);
    OutputSink blocking =
        (stream, offset, data) -> {
          entered.countDown();
          permits.acquire();
          return collected.output(stream, offset, data);
        };
    try (GuestSession session = open()) {
      GuestExec exec = session.start(script("fill 1000000"), blocking, SOON);
      entered.await();
      // The guest goes on until its window is full, then its process blocks.
      session.ping(SOON);
      assertThat(guest.acknowledged(exec.id(), 1)).isZero();
      assertThat(exec.ended()).isNotDone();

      permits.release();
      until(() -> guest.acknowledged(exec.id(), 1) > 0);
      assertThat(guest.acknowledged(exec.id(), 1)).isLessThanOrEqualTo(GuestFrameCodec.MAX_DATA);
      assertThat(exec.ended()).isNotDone();

      permits.release(1_000_000);
      assertThat(end(exec).exitCode()).isZero();
      assertThat(collected.bytes(GuestStream.STDOUT)).isEqualTo(FakePrograms.pattern(1_000_000));
    }
  }

  @Test
  void theEndIsToldOnlyBehindTheLastByte() throws Exception {
    Semaphore permits = new Semaphore(0);
    try (GuestSession session = open()) {
      GuestExec exec = session.start(script("echo x"), held(permits), SOON);
      session.ping(SOON);
      session.ping(SOON);
      assertThat(exec.ended()).isNotDone();
      permits.release();
      assertThat(end(exec).exitCode()).isZero();
    }
  }

  @Test
  void aBlockedSinkOfOneExecDoesNotStopAnswers() throws Exception {
    Semaphore never = new Semaphore(0);
    try (GuestSession session = open()) {
      GuestExec exec = session.start(script("fill 600000"), held(never), SOON);
      until(never::hasQueuedThreads);
      assertThat(session.ping(SOON)).isPositive();
      exec.signal(9, true);
      assertThat(session.ping(SOON)).isPositive();
      assertThat(exec.ended()).isNotDone();
    }
  }

  @Test
  void stdinWaitsForTheGuestsCredit() throws Exception {
    CountDownLatch read = new CountDownLatch(1);
    guestRuns(
        FakePrograms.always(process -> {
          read.await();
          for (byte[] in = process.readStdin(); in.length > 0; in = process.readStdin()) {
            process.stdout(in);
          }
          return 0;
        }));
    byte[] data = FakePrograms.pattern(300_000);
    try (GuestSession session = open()) {
      CollectingSink sink = new CollectingSink();
      GuestExec exec = session.start(script("cat"), sink, SOON);
      CompletableFuture<Boolean> written = new CompletableFuture<>();
      Thread.ofVirtual()
          .start(() -> {
            try {
              exec.stdin(data);
              exec.closeStdin();
              written.complete(true);
            } catch (GuestException | InterruptedException e) {
              written.completeExceptionally(e);
            }
          });
      until(() -> guest.stdinHeld(exec.id()) == GuestFrameCodec.STDIN_WINDOW);
      session.ping(SOON);
      assertThat(guest.stdinHeld(exec.id())).isEqualTo(GuestFrameCodec.STDIN_WINDOW);
      assertThat(written).isNotDone();

      read.countDown();
      assertThat(written.get(20, TimeUnit.SECONDS)).isTrue();
      assertThat(end(exec).exitCode()).isZero();
      assertThat(sink.bytes(GuestStream.STDOUT)).isEqualTo(data);
    }
  }

  @Test
  void stdinOfACommandThatEndsIsLetGo() throws Exception {
    CountDownLatch leave = new CountDownLatch(1);
    guestRuns(
        FakePrograms.always(process -> {
          leave.await();
          return 7;
        }));
    try (GuestSession session = open()) {
      GuestExec exec = session.start(script(""), new CollectingSink(), SOON);
      CompletableFuture<Boolean> written = new CompletableFuture<>();
      Thread.ofVirtual()
          .start(() -> {
            try {
              exec.stdin(new byte[200_000]);
              written.complete(true);
            } catch (GuestException | InterruptedException e) {
              written.completeExceptionally(e);
            }
          });
      until(() -> guest.stdinHeld(exec.id()) == GuestFrameCodec.STDIN_WINDOW);
      leave.countDown();
      assertThat(written.get(20, TimeUnit.SECONDS)).isTrue();
      assertThat(end(exec).exitCode()).isEqualTo(7);
    }
  }

  @Test
  void filesGoInAndComeOut() throws Exception {
    guestRuns(FakePrograms.shell(new FakeArchives()));
    byte[] archive = FakePrograms.pattern(500_000);
    try (GuestSession session = open()) {
      GuestExec in = session.start(ExecSpec.unpack("/w", ""), new CollectingSink(), SOON);
      in.stdin(archive);
      in.closeStdin();
      assertThat(end(in).exitCode()).isEqualTo(ExecSpec.TRANSFER_GOOD);

      CollectingSink sink = new CollectingSink();
      assertThat(end(session.start(ExecSpec.pack("/w", ""), sink, SOON)).exitCode()).isZero();
      assertThat(sink.bytes(GuestStream.STDOUT)).isEqualTo(archive);
      assertThat(end(session.start(ExecSpec.pack("/x", ""), sink, SOON)).exitCode())
          .isEqualTo(ExecSpec.TRANSFER_REFUSED);
    }
  }

  @Test
  void aSignalEndsACommand() throws Exception {
    try (GuestSession session = open()) {
      GuestExec exec = session.start(script("echo up;sleep 1000"), new CollectingSink(), SOON);
      exec.signal(15, true);
      assertThat(end(exec).exitCode()).isEqualTo(143);
    }
  }

  @Test
  void aSilentGuestIsATimeoutAndItsChannelIsClosed() throws Exception {
    guest.fallSilent();
    GuestChannel channel = guest.connect();
    assertThatThrownBy(() -> sessions.open(channel, false, Duration.ofMillis(50)))
        .isInstanceOfSatisfying(
            GuestException.class, e -> assertThat(e.kind()).isEqualTo(Kind.TIMEOUT));
    assertThat(channel.read(ByteBuffer.allocate(1))).isEqualTo(-1);
  }

  @Test
  void aGuestThatStopsReadingHoldsNobodyBeyondHisTimeout() throws Exception {
    try (GuestSession session = open()) {
      guest.fallSilent();
      assertThatThrownBy(() -> session.ping(Duration.ofMillis(50)))
          .isInstanceOfSatisfying(
              GuestException.class, e -> assertThat(e.kind()).isEqualTo(Kind.TIMEOUT));
      assertThat(session.over()).isNotDone();
    }
  }

  @Test
  void powerOffWaitsForGoodbye() throws Exception {
    GuestSession session = open();
    session.powerOff(SOON);
    assertThat(guest.poweredOff().get(20, TimeUnit.SECONDS)).isTrue();
    assertThat(session.over().get(20, TimeUnit.SECONDS).kind()).isEqualTo(Kind.GONE);
  }

  @Test
  void theEndOfTheStreamEndsEverything() throws Exception {
    GuestSession session = open();
    CollectingSink sink = new CollectingSink();
    GuestExec exec = session.start(script("echo last words;sleep 1000"), sink, SOON);
    until(() -> guest.acknowledged(exec.id(), 1) > 0);
    guest.close();

    assertThat(session.over().get(20, TimeUnit.SECONDS).kind()).isEqualTo(Kind.GONE);
    assertThatThrownBy(() -> end(exec)).hasCauseInstanceOf(GuestException.class);
    assertThatThrownBy(() -> session.ping(SOON)).isInstanceOf(GuestException.class);
    assertThatThrownBy(() -> exec.stdin(new byte[1])).isInstanceOf(GuestException.class);
    assertThat(sink.text(GuestStream.STDOUT)).isEqualTo("last words\n");
  }

  @Test
  void aSinkThatFailsEndsTheConversation() throws Exception {
    GuestSession session = open();
    GuestExec exec =
        session.start(
            script("echo x;sleep 1000"),
            (stream, offset, data) -> {
              throw new IllegalStateException("disk is full");
            },
            SOON);
    assertThatThrownBy(() -> end(exec)).hasCauseInstanceOf(GuestException.class);
    assertThat(session.over().get(20, TimeUnit.SECONDS)).hasMessageContaining("stored");
    assertThat(guest.acknowledged(exec.id(), 1)).isZero();
  }

  @Test
  void framesOutOfOrderAreViolations() throws Exception {
    byte[] exit = new Payload().u8(0).u8(0).u8(0).u64(5).u64(0).u64(0).u64(0).u64(0).bytes();
    List<byte[]> frames =
        List.of(
            FakeGuestWire.output(99, 1, 0, new byte[1]),
            FakeGuestWire.output(1, 1, 5, new byte[1]),
            FakeGuestWire.frame(132, 1, new Payload().u32(1).bytes()),
            FakeGuestWire.frame(133, 1, new Payload().string("x").u32(1).string("y").bytes()),
            FakeGuestWire.frame(135, 1, exit),
            FakeGuestWire.frame(136, 1, new Payload().u64(5).u64(70_000).bytes()),
            FakeGuestWire.frame(136, 1, new Payload().u64(0).u64(70_000).bytes()),
            FakeGuestWire.frame(136, 1, new Payload().u64(0).u64(5).bytes()),
            FakeGuestWire.frame(137, 0, new Payload().u64(12345).bytes()),
            FakeGuestWire.frame(130, 0, new Payload().u32(0).bytes()),
            FakeGuestWire.frame(139, 0, new Payload().u8(4).string("bad").bytes()),
            FakeGuestWire.helloAck(
                new GuestHello(
                    1, Duration.ZERO, "", "", "", GuestHello.SetupState.NONE, List.of())));
    for (byte[] frame : frames) {
      guestRuns(FakePrograms.shell());
      GuestSession session = open();
      GuestExec exec = session.start(script("sleep 1000"), new CollectingSink(), SOON);
      assertThat(exec.id()).isEqualTo(1);
      guest.sendRaw(frame);
      assertThat(session.over().get(20, TimeUnit.SECONDS).kind())
          .as("type %s", Byte.toUnsignedInt(frame[1]))
          .isEqualTo(Kind.VIOLATION);
    }
  }

  @Test
  void outputBeyondTheWindowIsAViolationAndNotKept() throws Exception {
    GuestSession session = open();
    GuestExec exec = session.start(script("sleep 1000"), held(new Semaphore(0)), SOON);
    for (int i = 0; i < 9; i++) {
      guest.sendRaw(FakeGuestWire.output(exec.id(), 1, i * 32768L, new byte[32768]));
    }
    assertThat(session.over().get(20, TimeUnit.SECONDS)).hasMessageContaining("beyond its window");
    session.close();
    assertThatThrownBy(() -> end(exec)).hasCauseInstanceOf(GuestException.class);
  }

  @Test
  void closingLeavesTheGuestRunning() throws Exception {
    GuestSession session = open();
    GuestExec exec = session.start(script("sleep 1000"), new CollectingSink(), SOON);
    session.close();
    session.close();
    assertThatThrownBy(() -> end(exec)).hasCauseInstanceOf(GuestException.class);
    assertThat(guest.execs()).containsExactly(exec.id());
  }
}
