package dev.mayfly.worker.core.guest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes the protocol's primitives. What the protocol cannot say is an IllegalArgumentException.
 */
final class WireWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  WireWriter u8(int value) {
    out.write(value);
    return this;
  }

  WireWriter u16(int value) {
    return little(value, 2);
  }

  WireWriter u32(long value) {
    return little(value, 4);
  }

  WireWriter u64(long value) {
    return little(value, 8);
  }

  WireWriter raw(byte[] value) {
    out.writeBytes(value);
    return this;
  }

  WireWriter bytes(byte[] value) {
    return u32(value.length).raw(value);
  }

  WireWriter string(String field, String value, int mostBytes) {
    byte[] encoded = value.getBytes(StandardCharsets.UTF_8);
    if (encoded.length > mostBytes) {
      throw new IllegalArgumentException(
          field + " is " + encoded.length + " bytes long, at most " + mostBytes + " fit");
    }
    if (value.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(field + " contains a NUL character");
    }
    return bytes(encoded);
  }

  WireWriter strings(String field, List<String> values, int mostValues, int mostBytes) {
    if (values.size() > mostValues) {
      throw new IllegalArgumentException(
          field + " has " + values.size() + " elements, at most " + mostValues + " fit");
    }
    u32(values.size());
    for (String value : values) {
      string(field, value, mostBytes);
    }
    return this;
  }

  byte[] toBytes() {
    return out.toByteArray();
  }

  private WireWriter little(long value, int bytes) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (value >>> (8 * i)));
    }
    return this;
  }
}
