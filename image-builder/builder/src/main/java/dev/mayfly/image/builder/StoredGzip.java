package dev.mayfly.image.builder;

import java.io.ByteArrayOutputStream;
import java.util.zip.CRC32;

/**
 * Wraps bytes as gzip without compressing them. What a compressor makes depends on its version, and
 * JDKs differ in theirs, so compressed bytes would give the same bundle different digests on
 * different machines; for the megabyte of an initramfs compression gains nothing measurable at
 * boot. Layout: RFC 1952, with the stored blocks of RFC 1951.
 */
final class StoredGzip {
  private static final int LARGEST_BLOCK = 0xffff;
  private static final byte[] HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, (byte) 255};

  private StoredGzip() {}

  static byte[] wrap(byte[] content) {
    ByteArrayOutputStream out =
        new ByteArrayOutputStream(content.length + content.length / 10_000 + 64);
    out.writeBytes(HEADER);
    int offset = 0;
    do {
      int length = Math.min(LARGEST_BLOCK, content.length - offset);
      boolean last = offset + length == content.length;
      out.write(last ? 1 : 0);
      littleEndian(out, length, 2);
      littleEndian(out, ~length, 2);
      out.write(content, offset, length);
      offset += length;
    } while (offset < content.length);
    CRC32 crc = new CRC32();
    crc.update(content);
    littleEndian(out, (int) crc.getValue(), 4);
    littleEndian(out, content.length, 4);
    return out.toByteArray();
  }

  private static void littleEndian(ByteArrayOutputStream out, int value, int bytes) {
    for (int i = 0; i < bytes; i++) {
      out.write(value >>> (8 * i));
    }
  }
}
