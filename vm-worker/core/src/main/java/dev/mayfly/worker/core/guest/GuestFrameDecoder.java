package dev.mayfly.worker.core.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Finds the agent's frames in the stream of one connection: first skips to magic and nonce, then
 * checks frame by frame. Holds one frame at most. Not thread-safe; useless after a violation.
 */
final class GuestFrameDecoder {
  /** What an earlier connection may have left on its way; the protocol's own limit. */
  static final int MAX_JUNK = 1 << 20;

  private final byte[] preamble;
  private final int[] fallback;
  private int matched;
  private long skipped;
  private boolean framed;

  private final byte[] frame = new byte[GuestFrameCodec.MAX_FRAME];
  private final ByteBuffer header = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
  private int filled;
  private int payloadLength = -1;

  GuestFrameDecoder(byte[] nonce) {
    byte[] magic = GuestFrameCodec.magic();
    preamble = ByteBuffer.allocate(magic.length + nonce.length).put(magic).put(nonce).array();
    fallback = fallback(preamble);
  }

  /**
   * Takes bytes until a frame is complete.
   *
   * @return null when the bytes are used up first
   */
  @Nullable AgentMessage next(ByteBuffer in) throws GuestViolation {
    while (!framed && in.hasRemaining()) {
      hunt(in.get());
    }
    while (in.hasRemaining() || payloadLength == 0) {
      if (payloadLength < 0) {
        fill(in, GuestFrameCodec.HEADER_BYTES);
        if (filled == GuestFrameCodec.HEADER_BYTES) {
          checkHeader();
        }
      } else {
        fill(in, GuestFrameCodec.HEADER_BYTES + payloadLength);
      }
      if (payloadLength >= 0 && filled == GuestFrameCodec.HEADER_BYTES + payloadLength) {
        return complete();
      }
    }
    return null;
  }

  /**
   * One byte of the search for the preamble (Knuth, Morris, Pratt: the nonce may repeat itself).
   */
  private void hunt(byte next) throws GuestViolation {
    while (matched > 0 && preamble[matched] != next) {
      matched = fallback[matched - 1];
    }
    if (preamble[matched] == next) {
      matched++;
    }
    skipped++;
    if (matched == preamble.length) {
      framed = true;
    } else if (skipped > MAX_JUNK + preamble.length) {
      throw new GuestViolation("no answer to HELLO within " + MAX_JUNK + " bytes");
    }
  }

  private void fill(ByteBuffer in, int upTo) {
    int bytes = Math.min(in.remaining(), upTo - filled);
    in.get(frame, filled, bytes);
    filled += bytes;
  }

  private void checkHeader() throws GuestViolation {
    int version = Byte.toUnsignedInt(frame[0]);
    if (version != GuestFrameCodec.PROTOCOL_VERSION) {
      throw new GuestViolation("a frame has version " + version);
    }
    int type = Byte.toUnsignedInt(frame[1]);
    if (!GuestFrameCodec.isAgentType(type)) {
      throw new GuestViolation("frame type " + type + " does not exist");
    }
    if (header.getShort(2) != 0) {
      throw new GuestViolation("the reserved field of a frame is not zero");
    }
    long length = Integer.toUnsignedLong(header.getInt(8));
    if (length > GuestFrameCodec.MAX_PAYLOAD) {
      throw new GuestViolation("a payload is " + length + " bytes long");
    }
    payloadLength = (int) length;
  }

  private AgentMessage complete() throws GuestViolation {
    if (header.getInt(12) != GuestFrameCodec.crc(frame, payloadLength)) {
      throw new GuestViolation("the checksum of a frame is wrong");
    }
    ByteBuffer payload = ByteBuffer.wrap(frame, GuestFrameCodec.HEADER_BYTES, payloadLength);
    AgentMessage message =
        GuestFrameCodec.decode(Byte.toUnsignedInt(frame[1]), header.getInt(4), payload);
    filled = 0;
    payloadLength = -1;
    return message;
  }

  private static int[] fallback(byte[] pattern) {
    int[] table = new int[pattern.length];
    for (int i = 1, k = 0; i < pattern.length; i++) {
      while (k > 0 && pattern[i] != pattern[k]) {
        k = table[k - 1];
      }
      if (pattern[i] == pattern[k]) {
        k++;
      }
      table[i] = k;
    }
    return table;
  }
}
