package dev.mayfly.worker.core.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Reads the protocol's primitives from one payload; whatever does not fit is a violation. */
final class WireReader {
  private final ByteBuffer payload;

  WireReader(ByteBuffer payload) {
    this.payload = payload.order(ByteOrder.LITTLE_ENDIAN);
  }

  int u8(String field) throws GuestViolation {
    need(field, 1);
    return Byte.toUnsignedInt(payload.get());
  }

  int u8(String field, int least, int most) throws GuestViolation {
    return (int) between(field, u8(field), least, most);
  }

  int u16(String field) throws GuestViolation {
    need(field, 2);
    return Short.toUnsignedInt(payload.getShort());
  }

  long u32(String field) throws GuestViolation {
    need(field, 4);
    return Integer.toUnsignedLong(payload.getInt());
  }

  /** An unsigned 64-bit number; none of the protocol's can honestly reach 2^63. */
  long u64(String field) throws GuestViolation {
    need(field, 8);
    return between(field, payload.getLong(), 0, Long.MAX_VALUE);
  }

  /** The length is checked against what is there before anything is allocated. */
  byte[] bytes(String field, int least, int most) throws GuestViolation {
    int length = (int) between(field + " length", u32(field), least, most);
    need(field, length);
    byte[] value = new byte[length];
    payload.get(value);
    return value;
  }

  /**
   * A text for people: at most {@code most} bytes on the wire; malformed UTF-8 (an agent may have
   * cut a message inside a character) and what is not printable comes out as {@code ?}.
   */
  String text(String field, int most) throws GuestViolation {
    return printable(new String(bytes(field, 0, most), StandardCharsets.UTF_8));
  }

  /** The count of a list whose elements take at least {@code elementBytes} each. */
  int count(String field, int most, int elementBytes) throws GuestViolation {
    int count = (int) between(field + " count", u32(field), 0, most);
    need(field, count * elementBytes);
    return count;
  }

  byte[] rest(String field, int least, int most) throws GuestViolation {
    byte[] value = new byte[(int) between(field + " length", payload.remaining(), least, most)];
    payload.get(value);
    return value;
  }

  void end() throws GuestViolation {
    if (payload.hasRemaining()) {
      throw new GuestViolation(payload.remaining() + " bytes are left over in a payload");
    }
  }

  private void need(String field, int bytes) throws GuestViolation {
    if (payload.remaining() < bytes) {
      throw new GuestViolation("a payload ends inside " + field);
    }
  }

  private static long between(String field, long value, long least, long most)
      throws GuestViolation {
    if (value < least || value > most) {
      throw new GuestViolation(field + " is " + value + ", must be " + least + " to " + most);
    }
    return value;
  }

  private static String printable(String text) {
    StringBuilder clean = new StringBuilder(text.length());
    text.codePoints().map(c -> isPrintable(c) ? c : '?').forEach(clean::appendCodePoint);
    return clean.toString();
  }

  /** No control characters (terminal escapes), nothing that reorders or hides text. */
  private static boolean isPrintable(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> codePoint != 0xFFFD;
    };
  }
}
