package dev.mayfly.image.builder;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;
import org.tukaani.xz.SingleXZInputStream;

/**
 * Takes the ELF kernel out of an x86 bzImage, because a VMM starts that faster than the bzImage
 * (0.2 to 0.4 s under emulation). Layout: Linux' Documentation/arch/x86/boot.rst.
 */
final class BzImage {
  /** The Debian cloud kernel unpacks to 53 MB; a distribution kernel stays under 100 MB. */
  private static final int MAX_KERNEL_BYTES = 256 << 20;

  /** The largest dictionary the kernel's build asks xz for is 128 MiB. */
  private static final int XZ_MEMORY_KIB = 256 << 10;

  private static final int LZ4_BLOCK = 8 << 20;

  private static final int SETUP_SECTORS = 0x1f1;
  private static final int HEADER_MAGIC = 0x202;
  private static final int PROTOCOL_VERSION = 0x206;
  private static final int PAYLOAD_OFFSET = 0x248;
  private static final int PAYLOAD_LENGTH = 0x24c;
  private static final int HDRS = 0x53726448;
  private static final int FIRST_VERSION_WITH_PAYLOAD = 0x208;
  private static final int SECTOR = 512;

  private BzImage() {}

  static byte[] kernel(byte[] image) throws BuildException {
    byte[] payload = payload(image);
    byte[] kernel;
    try (InputStream in = unpacked(payload)) {
      kernel = in.readNBytes(MAX_KERNEL_BYTES + 1);
    } catch (IOException e) {
      throw new BuildException("the kernel image's payload cannot be unpacked", e);
    }
    if (kernel.length > MAX_KERNEL_BYTES) {
      throw new BuildException("the kernel unpacks to more than " + MAX_KERNEL_BYTES + " bytes");
    }
    try {
      if (!ElfFile.of(kernel)
          .orElseThrow(() -> new BuildException("the kernel image holds no x86_64 ELF kernel"))
          .hasPvhEntry()) {
        throw new BuildException("the kernel has no PVH entry (CONFIG_PVH)");
      }
    } catch (IllegalArgumentException e) {
      throw new BuildException("the kernel image holds a broken ELF file", e);
    }
    return kernel;
  }

  private static byte[] payload(byte[] image) throws BuildException {
    ByteBuffer header = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    if (image.length < PAYLOAD_LENGTH + 4 || header.getInt(HEADER_MAGIC) != HDRS) {
      throw new BuildException("the kernel image is no bzImage");
    }
    if (Short.toUnsignedInt(header.getShort(PROTOCOL_VERSION)) < FIRST_VERSION_WITH_PAYLOAD) {
      throw new BuildException("the kernel image's boot protocol is older than 2.08");
    }
    int sectors = Byte.toUnsignedInt(header.get(SETUP_SECTORS));
    long start =
        (sectors == 0 ? 4 : sectors) * (long) SECTOR
            + SECTOR
            + Integer.toUnsignedLong(header.getInt(PAYLOAD_OFFSET));
    long length = Integer.toUnsignedLong(header.getInt(PAYLOAD_LENGTH));
    if (length < 8 || start + length > image.length) {
      throw new BuildException("the kernel image's payload lies outside of it");
    }
    byte[] payload = new byte[(int) length];
    header.get((int) start, payload);
    return payload;
  }

  private static InputStream unpacked(byte[] payload) throws IOException, BuildException {
    InputStream in = new ByteArrayInputStream(payload);
    // Four bytes with the unpacked size follow the stream; every reader here stops before them.
    return switch (ByteBuffer.wrap(payload).getInt(0)) {
      case 0xfd377a58 -> new SingleXZInputStream(in, XZ_MEMORY_KIB);
      case 0x7f454c46 -> in;
      case 0x28b52ffd -> throw unsupported("zstd");
      case 0x02214c18 -> new ByteArrayInputStream(legacyLz4(payload));
      default -> {
        if ((payload[0] & 0xff) == 0x1f && (payload[1] & 0xff) == 0x8b) {
          yield new GZIPInputStream(in);
        }
        throw unsupported("an unknown method");
      }
    };
  }

  /**
   * The legacy form of lz4, which the kernel's build makes: after the magic number, blocks with
   * their size before them, each at most 8 MiB unpacked. Layout: lz4's own doc/lz4_Frame_format.md.
   */
  private static byte[] legacyLz4(byte[] payload) throws IOException {
    ByteBuffer blocks = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).position(4);
    int unpackedSize = blocks.getInt(payload.length - 4);
    if (unpackedSize < 0 || unpackedSize > MAX_KERNEL_BYTES) {
      throw new IOException("lz4 payload says it unpacks to " + unpackedSize + " bytes");
    }
    ByteArrayOutputStream kernel = new ByteArrayOutputStream(unpackedSize);
    while (blocks.remaining() > 4) {
      int size = blocks.getInt();
      if (size < 0 || size > blocks.remaining() - 4) {
        throw new IOException("an lz4 block lies outside of the payload");
      }
      InputStream block = new ByteArrayInputStream(payload, blocks.position(), size);
      try (InputStream in = new BlockLZ4CompressorInputStream(block)) {
        kernel.writeBytes(in.readNBytes(LZ4_BLOCK + 1));
      }
      blocks.position(blocks.position() + size);
      if (kernel.size() > unpackedSize) {
        throw new IOException("the lz4 payload unpacks to more than it says");
      }
    }
    if (kernel.size() != unpackedSize) {
      throw new IOException("the lz4 payload unpacks to less than it says");
    }
    return kernel.toByteArray();
  }

  private static BuildException unsupported(String method) {
    return new BuildException(
        "the kernel image is compressed with "
            + method
            + "; this program unpacks lz4, xz and gzip");
  }
}
