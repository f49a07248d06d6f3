package dev.mayfly.worker.core.guest;

import dev.mayfly.worker.core.guest.GuestExec.ExecEnd;
import dev.mayfly.worker.core.guest.GuestHello.KnownExec;
import dev.mayfly.worker.core.guest.GuestHello.SetupState;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.guest.GuestSession.StepTime;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * Turns host messages into bytes and checked payloads into agent messages. Pure. All numbers are
 * those of {@code ops/docs/guest-protocol.md}.
 */
final class GuestFrameCodec {
  static final int PROTOCOL_VERSION = 1;
  static final int HEADER_BYTES = 16;
  static final int MAX_PAYLOAD = 65536;
  static final int MAX_FRAME = HEADER_BYTES + MAX_PAYLOAD;
  static final int NONCE_BYTES = 16;
  static final int MAX_DATA = 32768;
  static final int MAX_SPEC = 1 << 20;
  static final int MAX_EXECS = 32;
  static final int OUTPUT_WINDOW = 262144;
  static final int STDIN_WINDOW = 65536;
  static final int MAX_MESSAGE = 500;

  /** Of any string that SETUP or HELLO_ACK carries. */
  static final int MAX_STRING = 255;

  private static final int MAX_NAME_SERVERS = 3;
  private static final int MAX_LIST = 4096;

  /** SETUP has about a dozen steps; more than this is not ours. */
  private static final int MAX_SETUP_STEPS = 64;

  private static final int CRC_OFFSET = 12;

  private GuestFrameCodec() {}

  /** The first bytes of each direction: {@code MAYFLY1\n}. */
  static byte[] magic() {
    return new byte[] {0x4D, 0x41, 0x59, 0x46, 0x4C, 0x59, 0x31, 0x0A};
  }

  static byte[] encode(HostMessage message) {
    WireWriter payload = new WireWriter();
    int type =
        switch (message) {
          case HostMessage.Hello hello -> {
            payload.u16(hello.lowestVersion()).u16(hello.highestVersion()).raw(hello.nonce());
            yield HostMessage.Hello.TYPE;
          }
          case HostMessage.Setup setup -> {
            write(setup.setup(), payload);
            yield HostMessage.Setup.TYPE;
          }
          case HostMessage.SpecPart part -> {
            payload.raw(part.part());
            yield HostMessage.SpecPart.TYPE;
          }
          case HostMessage.Start start -> {
            payload.u32(start.specBytes());
            yield HostMessage.Start.TYPE;
          }
          case HostMessage.Stdin stdin -> {
            payload.u64(stdin.offset()).raw(stdin.data());
            yield HostMessage.Stdin.TYPE;
          }
          case HostMessage.StdinEof eof -> {
            payload.u64(eof.offset());
            yield HostMessage.StdinEof.TYPE;
          }
          case HostMessage.OutputAck ack -> {
            payload.u8(ack.stream().wire()).u64(ack.offset());
            yield HostMessage.OutputAck.TYPE;
          }
          case HostMessage.Signal signal -> {
            payload.u8(signal.number()).u8(signal.everything() ? 1 : 0);
            yield HostMessage.Signal.TYPE;
          }
          case HostMessage.Forget _ -> HostMessage.Forget.TYPE;
          case HostMessage.Ping ping -> {
            payload.u64(ping.token());
            yield HostMessage.Ping.TYPE;
          }
          case HostMessage.PowerOff _ -> HostMessage.PowerOff.TYPE;
        };
    return frame(type, message.execId(), payload.toBytes());
  }

  /** The whole specification of an exec, to be cut into SPEC parts. */
  static byte[] encode(ExecSpec spec) {
    byte[] encoded =
        new WireWriter()
            .strings("command", spec.command(), MAX_LIST, MAX_SPEC)
            .strings("environment", spec.environment(), MAX_LIST, MAX_SPEC)
            .string("working directory", spec.workingDirectory(), MAX_SPEC)
            .string("user", spec.user(), MAX_STRING)
            .u8(
                (spec.stdinOpen() ? 1 : 0)
                    | (spec.makeWorkingDirectory() ? 2 : 0)
                    | switch (spec.kind()) {
                      case COMMAND -> 0;
                      case UNPACK -> 4;
                      case PACK -> 8;
                    })
            .u32(spec.umask())
            .toBytes();
    if (encoded.length > MAX_SPEC) {
      throw new IllegalArgumentException(
          "command and environment take " + encoded.length + " bytes, at most " + MAX_SPEC);
    }
    return encoded;
  }

  static byte[] frame(int type, int execId, byte[] payload) {
    if (payload.length > MAX_PAYLOAD) {
      throw new IllegalArgumentException("payload of " + payload.length + " bytes");
    }
    ByteBuffer frame =
        ByteBuffer.allocate(HEADER_BYTES + payload.length).order(ByteOrder.LITTLE_ENDIAN);
    frame.put((byte) PROTOCOL_VERSION).put((byte) type).putShort((short) 0);
    frame.putInt(execId).putInt(payload.length);
    frame.position(HEADER_BYTES);
    frame.put(payload);
    frame.putInt(CRC_OFFSET, crc(frame.array(), payload.length));
    return frame.array();
  }

  /** Of the header without its last field, and the payload behind the header. */
  static int crc(byte[] frame, int payloadLength) {
    CRC32 crc = new CRC32();
    crc.update(frame, 0, CRC_OFFSET);
    crc.update(frame, HEADER_BYTES, payloadLength);
    return (int) crc.getValue();
  }

  /**
   * Reads a payload whose frame has been checked.
   *
   * @param payload read to its end; not kept
   */
  static AgentMessage decode(int type, int execId, ByteBuffer payload) throws GuestViolation {
    checkExecId(type, execId);
    WireReader in = new WireReader(payload);
    AgentMessage message =
        switch (type) {
          case AgentMessage.HelloAck.TYPE -> new AgentMessage.HelloAck(readHello(in));
          case AgentMessage.SetupDone.TYPE -> new AgentMessage.SetupDone(readSteps(in));
          case AgentMessage.SetupFailed.TYPE ->
              new AgentMessage.SetupFailed(
                  in.text("step", MAX_STRING), in.u32("errno"), in.text("message", MAX_MESSAGE));
          case AgentMessage.ExecStarted.TYPE -> new AgentMessage.ExecStarted(execId, in.u32("pid"));
          case AgentMessage.ExecFailed.TYPE ->
              new AgentMessage.ExecFailed(
                  execId,
                  in.text("step", MAX_STRING),
                  in.u32("errno"),
                  in.text("message", MAX_MESSAGE));
          case AgentMessage.Output.TYPE ->
              new AgentMessage.Output(
                  execId, readStream(in), in.u64("offset"), in.rest("output", 1, MAX_DATA));
          case AgentMessage.ExecExit.TYPE -> readExit(execId, in);
          case AgentMessage.StdinAck.TYPE ->
              new AgentMessage.StdinAck(execId, in.u64("offset"), in.u64("limit"));
          case AgentMessage.Pong.TYPE -> new AgentMessage.Pong(in.u64("token"));
          case AgentMessage.Event.TYPE ->
              new AgentMessage.Event(in.u8("event kind", 1, 2), in.text("detail", MAX_MESSAGE));
          case AgentMessage.ProtocolError.TYPE ->
              new AgentMessage.ProtocolError(in.u8("type"), in.text("message", MAX_MESSAGE));
          case AgentMessage.Bye.TYPE -> new AgentMessage.Bye();
          default -> throw new GuestViolation("frame type " + type + " does not exist");
        };
    in.end();
    return message;
  }

  static boolean isAgentType(int type) {
    return type >= AgentMessage.HelloAck.TYPE && type <= AgentMessage.Bye.TYPE;
  }

  private static void checkExecId(int type, int execId) throws GuestViolation {
    switch (type) {
      case AgentMessage.ExecStarted.TYPE,
          AgentMessage.ExecFailed.TYPE,
          AgentMessage.Output.TYPE,
          AgentMessage.ExecExit.TYPE,
          AgentMessage.StdinAck.TYPE -> {
        if (execId == 0) {
          throw new GuestViolation("frame type " + type + " is about no exec");
        }
      }
      // The agent may say which exec these are about.
      case AgentMessage.Event.TYPE, AgentMessage.ProtocolError.TYPE -> {}
      default -> {
        if (execId != 0) {
          throw new GuestViolation("frame type " + type + " is about an exec");
        }
      }
    }
  }

  private static GuestHello readHello(WireReader in) throws GuestViolation {
    int version = in.u16("version");
    if (version != PROTOCOL_VERSION) {
      throw new GuestViolation("the agent chose protocol version " + version);
    }
    Duration uptime = Duration.ofNanos(in.u64("uptime"));
    String agentVersion = in.text("agent version", MAX_STRING);
    String kernelRelease = in.text("kernel release", MAX_STRING);
    String architecture = in.text("architecture", MAX_STRING);
    SetupState setupState =
        switch (in.u8("setup state", 0, 2)) {
          case 0 -> SetupState.NONE;
          case 1 -> SetupState.DONE;
          default -> SetupState.FAILED;
        };
    int count = in.count("execs", MAX_EXECS, 45);
    List<KnownExec> execs = new ArrayList<>(count);
    Set<Integer> seen = new HashSet<>();
    for (int i = 0; i < count; i++) {
      int id = (int) in.u32("exec id");
      if (id == 0 || !seen.add(id)) {
        throw new GuestViolation("an exec id of the answer to HELLO is zero or repeated");
      }
      boolean ended = in.u8("exec state", 1, 2) == 2;
      long stdoutAcknowledged = in.u64("stdout acknowledged");
      long stdoutProduced = produced(stdoutAcknowledged, in.u64("stdout produced"));
      long stderrAcknowledged = in.u64("stderr acknowledged");
      long stderrProduced = produced(stderrAcknowledged, in.u64("stderr produced"));
      execs.add(
          new KnownExec(
              id,
              ended,
              stdoutAcknowledged,
              stdoutProduced,
              stderrAcknowledged,
              stderrProduced,
              in.u64("stdin accepted")));
    }
    return new GuestHello(
        version, uptime, agentVersion, kernelRelease, architecture, setupState, execs);
  }

  private static long produced(long acknowledged, long produced) throws GuestViolation {
    if (produced < acknowledged || produced - acknowledged > OUTPUT_WINDOW) {
      throw new GuestViolation("output produced and acknowledged do not fit together");
    }
    return produced;
  }

  private static List<StepTime> readSteps(WireReader in) throws GuestViolation {
    int count = in.count("steps", MAX_SETUP_STEPS, 12);
    List<StepTime> steps = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      steps.add(new StepTime(in.text("step", MAX_STRING), Duration.ofNanos(in.u64("step time"))));
    }
    return List.copyOf(steps);
  }

  private static AgentMessage.ExecExit readExit(int execId, WireReader in) throws GuestViolation {
    boolean signalled = in.u8("exit kind", 0, 1) == 1;
    int value = signalled ? in.u8("signal", 1, 64) : in.u8("exit code");
    int flags = in.u8("exit flags", 0, 7);
    long stdoutEnd = in.u64("stdout end");
    long stderrEnd = in.u64("stderr end");
    ExecEnd end =
        new ExecEnd(
            signalled,
            value,
            (flags & 1) != 0,
            (flags & 2) != 0,
            (flags & 4) != 0,
            in.u64("user time"),
            in.u64("system time"),
            in.u64("peak memory"));
    return new AgentMessage.ExecExit(execId, end, stdoutEnd, stderrEnd);
  }

  private static GuestStream readStream(WireReader in) throws GuestViolation {
    return in.u8("stream", 1, 2) == 1 ? GuestStream.STDOUT : GuestStream.STDERR;
  }

  private static void write(GuestSetup setup, WireWriter out) {
    if (setup.entropy().length < 32 || setup.entropy().length > 512) {
      throw new IllegalArgumentException("entropy of " + setup.entropy().length + " bytes");
    }
    GuestSetup.Network network = setup.network();
    out.u64(
            Math.addExact(
                Math.multiplyExact(setup.wallClock().getEpochSecond(), 1_000_000_000L),
                setup.wallClock().getNano()))
        .bytes(setup.entropy())
        .string("hostname", setup.hostname(), 63)
        .string("machine id", setup.machineId(), 32)
        .string("root serial", setup.rootSerial(), MAX_STRING)
        .string("root file system", setup.rootFileSystem(), MAX_STRING)
        .string("scratch serial", setup.scratchSerial(), MAX_STRING)
        .string("scratch file system", setup.scratchFileSystem(), MAX_STRING)
        .u8(network.up() ? 1 : 0)
        .string("address", network.address(), MAX_STRING)
        .u8(network.prefixLength())
        .string("gateway", network.gateway(), MAX_STRING)
        .strings("name servers", network.nameServers(), MAX_NAME_SERVERS, MAX_STRING)
        .u32(setup.orphanLimit().toSeconds());
  }
}
