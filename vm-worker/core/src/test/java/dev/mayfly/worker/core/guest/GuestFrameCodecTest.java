package dev.mayfly.worker.core.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.worker.core.guest.FakeGuestWire.HostFrame;
import dev.mayfly.worker.core.guest.FakeGuestWire.Payload;
import dev.mayfly.worker.core.guest.GuestHello.KnownExec;
import dev.mayfly.worker.core.guest.GuestHello.SetupState;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.guest.GuestSession.StepTime;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuestFrameCodecTest {
  private static final byte[] NONCE = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private static final GuestHello HELLO =
      new GuestHello(
          1,
          Duration.ofMillis(1234),
          "0.1.0",
          "6.1.0-41-cloud-amd64",
          "x86_64",
          SetupState.DONE,
          List.of(
              new KnownExec(7, true, 10, 30, 0, 262144, 5),
              new KnownExec(8, false, 0, 0, 0, 0, 0)));

  /** Every type of frame that an agent can send, well formed. */
  private static List<byte[]> everyFrame() {
    FakeProcess process =
        new FakeProcess(
            3,
            new ExecSpec(List.of("x"), List.of(), "/", false, "", false, 18),
            new java.util.concurrent.locks.ReentrantLock(),
            new java.util.concurrent.locks.ReentrantLock().newCondition());
    process.exitFlags = 5;
    process.exitValue = 42;
    return List.of(
        FakeGuestWire.helloAck(HELLO),
        FakeGuestWire.frame(
            130, 0, new Payload().u32(2).string("clock").u64(5).string("root").u64(7).bytes()),
        FakeGuestWire.frame(
            131, 0, new Payload().string("scratch").u32(5).string("Input/output error").bytes()),
        FakeGuestWire.frame(132, 3, new Payload().u32(123).bytes()),
        FakeGuestWire.frame(133, 3, new Payload().string("exec").u32(2).string("No such").bytes()),
        FakeGuestWire.output(3, 2, 99, "hello".getBytes(StandardCharsets.UTF_8)),
        FakeGuestWire.exit(process),
        FakeGuestWire.frame(136, 3, new Payload().u64(10).u64(65546).bytes()),
        FakeGuestWire.frame(137, 0, new Payload().u64(77).bytes()),
        FakeGuestWire.frame(138, 3, new Payload().u8(1).string("sh").bytes()),
        FakeGuestWire.frame(139, 0, new Payload().u8(2).string("entropy").bytes()),
        FakeGuestWire.frame(140, 0, new byte[0]));
  }

  private static byte[] conversation() {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    stream.writeBytes(FakeGuestWire.preamble(NONCE));
    everyFrame().forEach(stream::writeBytes);
    return stream.toByteArray();
  }

  private static List<AgentMessage> decode(byte[] bytes, int pieceBytes) throws GuestViolation {
    GuestFrameDecoder decoder = new GuestFrameDecoder(NONCE);
    List<AgentMessage> messages = new ArrayList<>();
    for (int from = 0; from < bytes.length; from += pieceBytes) {
      ByteBuffer piece = ByteBuffer.wrap(bytes, from, Math.min(pieceBytes, bytes.length - from));
      @Nullable AgentMessage message = decoder.next(piece);
      while (message != null) {
        messages.add(message);
        message = decoder.next(piece);
      }
    }
    return messages;
  }

  private static AgentMessage single(byte[] frame) throws GuestViolation {
    byte[] bytes = Arrays.copyOf(FakeGuestWire.preamble(NONCE), 24 + frame.length);
    System.arraycopy(frame, 0, bytes, 24, frame.length);
    return decode(bytes, bytes.length).getFirst();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 16, 17, 100, 100_000})
  void everyFrameOfTheAgentIsReadHoweverItIsCut(int pieceBytes) throws Exception {
    List<AgentMessage> messages = decode(conversation(), pieceBytes);

    assertThat(messages).hasSize(12);
    assertThat(messages.get(0)).isEqualTo(new AgentMessage.HelloAck(HELLO));
    assertThat(messages.get(1))
        .isEqualTo(
            new AgentMessage.SetupDone(
                List.of(
                    new StepTime("clock", Duration.ofNanos(5)),
                    new StepTime("root", Duration.ofNanos(7)))));
    assertThat(messages.get(2))
        .isEqualTo(new AgentMessage.SetupFailed("scratch", 5, "Input/output error"));
    assertThat(messages.get(3)).isEqualTo(new AgentMessage.ExecStarted(3, 123));
    assertThat(messages.get(4)).isEqualTo(new AgentMessage.ExecFailed(3, "exec", 2, "No such"));
    assertThat(messages.get(5))
        .isInstanceOfSatisfying(
            AgentMessage.Output.class,
            output -> {
              assertThat(output.stream()).isEqualTo(GuestStream.STDERR);
              assertThat(output.offset()).isEqualTo(99);
              assertThat(output.data()).asString().isEqualTo("hello");
            });
    assertThat(messages.get(6))
        .isEqualTo(
            new AgentMessage.ExecExit(
                3, new GuestExec.ExecEnd(false, 42, true, false, true, 1000, 2000, 3000), 0, 0));
    assertThat(messages.get(7)).isEqualTo(new AgentMessage.StdinAck(3, 10, 65546));
    assertThat(messages.get(8)).isEqualTo(new AgentMessage.Pong(77));
    assertThat(messages.get(9)).isEqualTo(new AgentMessage.Event(1, "sh"));
    assertThat(messages.get(10)).isEqualTo(new AgentMessage.ProtocolError(2, "entropy"));
    assertThat(messages.get(11)).isEqualTo(new AgentMessage.Bye());
  }

  @Test
  void aConversationCutAnywhereIsNeitherMessageNorViolation() throws Exception {
    byte[] whole = conversation();
    List<AgentMessage> all = decode(whole, whole.length);
    for (int length = 0; length < whole.length; length++) {
      List<AgentMessage> some = decode(Arrays.copyOf(whole, length), 64);
      assertThat(some.size()).isLessThan(all.size());
    }
  }

  @Test
  void aPayloadCutAnywhereIsAViolation() throws Exception {
    for (byte[] frame : everyFrame()) {
      int type = Byte.toUnsignedInt(frame[1]);
      int execId = frame[4];
      byte[] payload = Arrays.copyOfRange(frame, 16, frame.length);
      // Output that is cut is shorter output; only its fields can be missed.
      int whole = type == AgentMessage.Output.TYPE ? 10 : payload.length;
      for (int length = 0; length < whole; length++) {
        byte[] cut = FakeGuestWire.frame(type, execId, Arrays.copyOf(payload, length));
        assertThatThrownBy(() -> single(cut)).isInstanceOf(GuestViolation.class);
      }
      if (type != AgentMessage.Output.TYPE) {
        byte[] longer =
            FakeGuestWire.frame(type, execId, Arrays.copyOf(payload, payload.length + 1));
        assertThatThrownBy(() -> single(longer)).isInstanceOf(GuestViolation.class);
      }
    }
  }

  @Test
  void anyChangedByteOfAFrameIsAViolationOrAnUnfinishedFrame() {
    for (byte[] frame : everyFrame()) {
      for (int i = 0; i < frame.length; i++) {
        byte[] changed = frame.clone();
        changed[i] ^= 0x10;
        try {
          byte[] bytes = Arrays.copyOf(FakeGuestWire.preamble(NONCE), 24 + changed.length);
          System.arraycopy(changed, 0, bytes, 24, changed.length);
          assertThat(decode(bytes, bytes.length)).as("byte %s", i).isEmpty();
          assertThat(i).as("only a longer length leaves a frame unfinished").isBetween(8, 11);
        } catch (GuestViolation expected) {
          assertThat(expected).hasMessageNotContaining("\0");
        }
      }
    }
  }

  @Test
  void mutatedConversationsOnlyEverViolate() {
    byte[] whole = conversation();
    int violations = 0;
    for (int seed = 0; seed < 40_000; seed++) {
      Random random = new Random(seed);
      byte[] mutated = mutate(whole, random);
      try {
        decode(mutated, 1 + random.nextInt(300));
      } catch (GuestViolation expected) {
        violations++;
      }
    }
    assertThat(violations).isGreaterThan(20_000);
  }

  /** The checksum would hide most of the code from a fuzzer, so here it is always right. */
  @Test
  void payloadsOfAnyContentOnlyEverViolate() {
    List<byte[]> frames = everyFrame();
    int read = 0;
    for (int seed = 0; seed < 60_000; seed++) {
      Random random = new Random(seed);
      byte[] frame = frames.get(random.nextInt(frames.size()));
      byte[] payload = mutate(Arrays.copyOfRange(frame, 16, frame.length), random);
      try {
        GuestFrameCodec.decode(Byte.toUnsignedInt(frame[1]), frame[4], ByteBuffer.wrap(payload));
        read++;
      } catch (GuestViolation expected) {
        assertThat(expected).hasMessageNotContaining("\0");
      }
    }
    assertThat(read).isGreaterThan(1000);
  }

  private static byte[] mutate(byte[] original, Random random) {
    byte[] bytes = original.clone();
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes && bytes.length > 0; i++) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(5)) {
        case 0 -> bytes[at] = (byte) random.nextInt();
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes[at] = (byte) (random.nextBoolean() ? 0xFF : 0x7F);
        case 3 -> bytes = Arrays.copyOf(bytes, at);
        default -> {
          byte[] longer = Arrays.copyOf(bytes, bytes.length + random.nextInt(64));
          System.arraycopy(
              bytes, at, longer, longer.length - (bytes.length - at), bytes.length - at);
          bytes = longer;
        }
      }
    }
    return bytes;
  }

  @Test
  void aListThatClaimsToBeHugeAllocatesNothing() {
    byte[] steps = FakeGuestWire.frame(130, 0, new Payload().u32(0xFFFFFFFFL).bytes());
    assertThatThrownBy(() -> single(steps))
        .isInstanceOf(GuestViolation.class)
        .hasMessageContaining("steps count");
    byte[] text = FakeGuestWire.frame(131, 0, new Payload().u32(0x7FFFFFFFL).u32(1).u32(0).bytes());
    assertThatThrownBy(() -> single(text))
        .isInstanceOf(GuestViolation.class)
        .hasMessageContaining("step length");
  }

  @Test
  void whatIsLeftOfAnEarlierConversationIsSkipped() throws Exception {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    stream.writeBytes(FakePrograms.pattern(500_000));
    stream.writeBytes(FakeGuestWire.preamble("fedcba9876543210".getBytes(StandardCharsets.UTF_8)));
    stream.writeBytes(everyFrame().getFirst());
    // The start of our own preamble, cut, just before the real one.
    stream.write(FakeGuestWire.preamble(NONCE), 0, 11);
    stream.writeBytes(conversation());

    assertThat(decode(stream.toByteArray(), 4096)).hasSize(12);
  }

  @Test
  void aNonceThatRepeatsItselfIsFound() throws Exception {
    byte[] nonce = new byte[16];
    System.arraycopy(GuestFrameCodec.magic(), 0, nonce, 0, 8);
    GuestFrameDecoder decoder = new GuestFrameDecoder(nonce);
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    stream.writeBytes(GuestFrameCodec.magic());
    stream.writeBytes(FakeGuestWire.preamble(nonce));
    stream.writeBytes(everyFrame().getFirst());

    assertThat(decoder.next(ByteBuffer.wrap(stream.toByteArray()))).isNotNull();
  }

  @Test
  void aMebibyteOfJunkIsAViolation() {
    byte[] junk = new byte[GuestFrameDecoder.MAX_JUNK + 100];
    assertThatThrownBy(() -> decode(junk, 65536))
        .isInstanceOf(GuestViolation.class)
        .hasMessageContaining("no answer to HELLO");
  }

  @Test
  void framesThatContradictThemselvesAreViolations() {
    KnownExec twice = new KnownExec(7, true, 0, 0, 0, 0, 0);
    List<byte[]> frames =
        List.of(
            FakeGuestWire.frame(141, 0, new byte[0]),
            FakeGuestWire.frame(1, 0, new byte[20]),
            FakeGuestWire.frame(132, 0, new Payload().u32(1).bytes()),
            FakeGuestWire.frame(137, 1, new Payload().u64(1).bytes()),
            FakeGuestWire.output(1, 3, 0, new byte[1]),
            FakeGuestWire.output(1, 1, -1, new byte[1]),
            FakeGuestWire.output(1, 1, 0, new byte[0]),
            FakeGuestWire.output(1, 1, 0, new byte[32769]),
            FakeGuestWire.helloAck(with(2, List.of())),
            FakeGuestWire.helloAck(with(1, List.of(twice, twice))),
            FakeGuestWire.helloAck(with(1, List.of(new KnownExec(0, true, 0, 0, 0, 0, 0)))),
            FakeGuestWire.helloAck(with(1, List.of(new KnownExec(1, true, 5, 4, 0, 0, 0)))),
            FakeGuestWire.helloAck(with(1, List.of(new KnownExec(1, true, 0, 262145, 0, 0, 0)))));
    for (byte[] frame : frames) {
      assertThatThrownBy(() -> single(frame))
          .as("type %s", Byte.toUnsignedInt(frame[1]))
          .isInstanceOf(GuestViolation.class);
    }
  }

  private static GuestHello with(int version, List<KnownExec> execs) {
    return new GuestHello(version, Duration.ZERO, "", "", "", SetupState.NONE, execs);
  }

  @Test
  void theAgentsWordsAreMadePrintable() throws Exception {
    byte[] nasty = {'a', 0x1B, '[', '3', '1', 'm', 0, (byte) 0xFF, (byte) 0xE2, (byte) 0x80};
    byte[] frame =
        FakeGuestWire.frame(
            133, 1, new Payload().string("exec").u32(1).u32(nasty.length).raw(nasty).bytes());

    assertThat(single(frame))
        .isInstanceOfSatisfying(
            AgentMessage.ExecFailed.class,
            failed -> assertThat(failed.message()).startsWith("a?[31m??").isPrintable());
  }

  @Test
  void everyFrameOfTheHostIsWhatTheAgentExpects() {
    FakeGuestWire agent = new FakeGuestWire();
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    stream.writeBytes(GuestFrameCodec.magic());
    for (HostMessage message : hostMessages()) {
      stream.writeBytes(GuestFrameCodec.encode(message));
    }
    agent.feed(ByteBuffer.wrap(stream.toByteArray()));
    List<Integer> types = new ArrayList<>();
    List<Integer> lengths = new ArrayList<>();
    for (@Nullable HostFrame frame = agent.next(); frame != null; frame = agent.next()) {
      types.add(frame.type());
      lengths.add(frame.payload().remaining());
    }
    assertThat(types).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    assertThat(lengths).containsExactly(20, 173, 5, 4, 11, 8, 9, 2, 0, 8, 0);
  }

  private static List<HostMessage> hostMessages() {
    GuestSetup setup =
        new GuestSetup(
            Instant.ofEpochSecond(1_800_000_000L, 5),
            new byte[32],
            "mayfly",
            "0123456789abcdef0123456789abcdef",
            "root",
            "erofs",
            "scratch",
            "ext4",
            GuestSetup.Network.USER_MODE,
            Duration.ofMinutes(5));
    return List.of(
        new HostMessage.Hello(1, 1, NONCE),
        new HostMessage.Setup(setup),
        new HostMessage.SpecPart(1, new byte[5]),
        new HostMessage.Start(1, 5),
        new HostMessage.Stdin(1, 0, new byte[3]),
        new HostMessage.StdinEof(1, 3),
        new HostMessage.OutputAck(1, GuestStream.STDERR, 9),
        new HostMessage.Signal(1, 15, true),
        new HostMessage.Forget(1),
        new HostMessage.Ping(1),
        new HostMessage.PowerOff());
  }

  @Test
  void aSpecificationIsReadAsItWasWritten() {
    ExecSpec spec =
        new ExecSpec(
            List.of("/bin/sh", "-c", "echo größe"), List.of("A=b"), "/w", true, "ci", true, 18);

    assertThat(FakeGuestWire.readSpec(GuestFrameCodec.encode(spec))).isEqualTo(spec);
  }

  @Test
  void aTransferIsReadAsItWasWritten() {
    for (ExecSpec spec : List.of(ExecSpec.unpack("/w", "ci"), ExecSpec.pack("/w/größe", ""))) {
      assertThat(FakeGuestWire.readSpec(GuestFrameCodec.encode(spec))).isEqualTo(spec);
    }
  }

  @Test
  void aTransferHasAnAbsolutePath() {
    assertThatThrownBy(() -> ExecSpec.unpack("w", ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("absolute");
    assertThatThrownBy(() -> ExecSpec.pack("", ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("absolute");
  }

  @Test
  void stdinIsOpenToUnpackAndOnlyThen() {
    assertThatThrownBy(() ->
            new ExecSpec(ExecSpec.Kind.PACK, List.of("/w"), List.of(), "/", false, "", true, 18))
        .hasMessageContaining("stdin");
    assertThatThrownBy(() ->
            new ExecSpec(ExecSpec.Kind.UNPACK, List.of("/w"), List.of(), "/", false, "", false, 18))
        .hasMessageContaining("stdin");
  }

  @Test
  void aSpecificationBeyondTheLimitsIsRefused() {
    List<String> environment = List.of("A=" + "x".repeat(1 << 20));
    ExecSpec large = new ExecSpec(List.of("a"), environment, "/", false, "", false, 0);
    assertThatThrownBy(() -> GuestFrameCodec.encode(large))
        .isInstanceOf(IllegalArgumentException.class);
    ExecSpec nul = new ExecSpec(List.of("a\0b"), List.of(), "/", false, "", false, 0);
    assertThatThrownBy(() -> GuestFrameCodec.encode(nul))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
