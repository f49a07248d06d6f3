package dev.mayfly.worker.core.guest;

import dev.mayfly.worker.core.guest.GuestHello.KnownExec;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** The agent's end of the wire, written apart from the host's, so that each checks the other. */
final class FakeGuestWire {
  private static final byte[] MAGIC = "MAYFLY1\n".getBytes(StandardCharsets.US_ASCII);

  /** A frame of the host. */
  record HostFrame(int type, int execId, ByteBuffer payload) {}

  private byte[] buffer = new byte[0];
  private boolean framed;
  private boolean helloSeen;

  /** Takes bytes of the host, whatever connection they come from. */
  void feed(ByteBuffer in) {
    byte[] longer = Arrays.copyOf(buffer, buffer.length + in.remaining());
    in.get(longer, buffer.length, in.remaining());
    buffer = longer;
  }

  /** The next good frame, null when more bytes are needed. */
  @Nullable HostFrame next() {
    while (true) {
      if (!framed && !hunt()) {
        return null;
      }
      if (buffer.length < 16) {
        return null;
      }
      ByteBuffer header = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN);
      int type = Byte.toUnsignedInt(buffer[1]);
      int length = header.getInt(8);
      boolean bad =
          buffer[0] != 1 || type < 1 || type > 11 || header.getShort(2) != 0 || length < 0;
      if (bad || length > 65536) {
        framed = false;
        buffer = Arrays.copyOfRange(buffer, 1, buffer.length);
        continue;
      }
      if (buffer.length < 16 + length) {
        return null;
      }
      byte[] payload = Arrays.copyOfRange(buffer, 16, 16 + length);
      int crc = crc(buffer, payload);
      buffer = Arrays.copyOfRange(buffer, 16 + length, buffer.length);
      if (header.getInt(12) != crc || (!helloSeen && type != 1)) {
        framed = false;
        continue;
      }
      helloSeen = true;
      return new HostFrame(
          type, header.getInt(4), ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN));
    }
  }

  private boolean hunt() {
    for (int i = 0; i + 8 <= buffer.length; i++) {
      if (Arrays.equals(buffer, i, i + 8, MAGIC, 0, 8)) {
        buffer = Arrays.copyOfRange(buffer, i + 8, buffer.length);
        framed = true;
        helloSeen = false;
        return true;
      }
    }
    buffer = Arrays.copyOfRange(buffer, Math.max(0, buffer.length - 7), buffer.length);
    return false;
  }

  static byte[] preamble(byte[] nonce) {
    byte[] preamble = Arrays.copyOf(MAGIC, 8 + nonce.length);
    System.arraycopy(nonce, 0, preamble, 8, nonce.length);
    return preamble;
  }

  static byte[] frame(int type, int execId, byte[] payload) {
    ByteBuffer frame = ByteBuffer.allocate(16 + payload.length).order(ByteOrder.LITTLE_ENDIAN);
    frame.put((byte) 1).put((byte) type).putShort((short) 0).putInt(execId);
    frame.putInt(payload.length).putInt(0).put(payload);
    frame.putInt(12, crc(frame.array(), payload));
    return frame.array();
  }

  static byte[] helloAck(GuestHello hello) {
    Payload out = new Payload().u16(hello.protocolVersion()).u64(hello.uptime().toNanos());
    out.string(hello.agentVersion()).string(hello.kernelRelease()).string(hello.architecture());
    out.u8(hello.setupState().ordinal()).u32(hello.execs().size());
    for (KnownExec exec : hello.execs()) {
      out.u32(exec.id()).u8(exec.ended() ? 2 : 1);
      out.u64(exec.stdoutAcknowledged()).u64(exec.stdoutProduced());
      out.u64(exec.stderrAcknowledged()).u64(exec.stderrProduced());
      out.u64(exec.stdinAccepted());
    }
    return frame(129, 0, out.bytes());
  }

  static byte[] output(int execId, int stream, long offset, byte[] data) {
    return frame(134, execId, new Payload().u8(stream).u64(offset).raw(data).bytes());
  }

  static byte[] exit(FakeProcess process) {
    Payload out = new Payload().u8(process.exitKind).u8(process.exitValue).u8(process.exitFlags);
    out.u64(process.streams[0].produced()).u64(process.streams[1].produced());
    return frame(135, process.id, out.u64(1000).u64(2000).u64(3000).bytes());
  }

  static ExecSpec readSpec(byte[] encoded) {
    ByteBuffer in = ByteBuffer.wrap(encoded).order(ByteOrder.LITTLE_ENDIAN);
    List<String> command = strings(in);
    List<String> environment = strings(in);
    String directory = string(in);
    String user = string(in);
    int flags = in.get();
    int umask = in.getInt();
    if (in.hasRemaining()) {
      throw new IllegalStateException("bytes left over in a specification");
    }
    ExecSpec.Kind kind =
        switch (flags & ~3) {
          case 0 -> ExecSpec.Kind.COMMAND;
          case 4 -> ExecSpec.Kind.UNPACK;
          case 8 -> ExecSpec.Kind.PACK;
          default -> throw new IllegalStateException("flags " + flags);
        };
    return new ExecSpec(
        kind, command, environment, directory, (flags & 2) != 0, user, (flags & 1) != 0, umask);
  }

  static String string(ByteBuffer in) {
    int length = in.getInt();
    if (length < 0 || length > in.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] value = new byte[length];
    in.get(value);
    return new String(value, StandardCharsets.UTF_8);
  }

  static List<String> strings(ByteBuffer in) {
    int count = in.getInt();
    List<String> values = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      values.add(string(in));
    }
    return values;
  }

  private static int crc(byte[] header, byte[] payload) {
    CRC32 crc = new CRC32();
    crc.update(header, 0, 12);
    crc.update(payload);
    return (int) crc.getValue();
  }

  /** Builds a payload. */
  static final class Payload {
    private final ByteBuffer out = ByteBuffer.allocate(70000).order(ByteOrder.LITTLE_ENDIAN);

    Payload u8(int value) {
      out.put((byte) value);
      return this;
    }

    Payload u16(int value) {
      out.putShort((short) value);
      return this;
    }

    Payload u32(long value) {
      out.putInt((int) value);
      return this;
    }

    Payload u64(long value) {
      out.putLong(value);
      return this;
    }

    Payload raw(byte[] value) {
      out.put(value);
      return this;
    }

    Payload string(String value) {
      byte[] encoded = value.getBytes(StandardCharsets.UTF_8);
      return u32(encoded.length).raw(encoded);
    }

    byte[] bytes() {
      return Arrays.copyOf(out.array(), out.position());
    }
  }
}
