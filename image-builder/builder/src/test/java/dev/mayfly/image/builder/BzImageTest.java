package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.X86Options;
import org.tukaani.xz.XZ;
import org.tukaani.xz.XZOutputStream;

class BzImageTest {
  private final byte[] kernel = SampleElf.kernel(true, "x".repeat(20_000));

  @Test
  void anXzPayloadIsUnpacked() throws Exception {
    assertThat(BzImage.kernel(image(xz(kernel)))).isEqualTo(kernel);
  }

  @Test
  void aGzipPayloadIsUnpacked() throws Exception {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(packed)) {
      out.write(kernel);
    }
    assertThat(BzImage.kernel(image(packed.toByteArray()))).isEqualTo(kernel);
  }

  @Test
  void aLegacyLz4PayloadOfSeveralBlocksIsUnpacked() throws Exception {
    assertThat(BzImage.kernel(image(lz4(kernel, 7_000)))).isEqualTo(kernel);
  }

  @Test
  void anLz4PayloadCutShortIsRefused() throws Exception {
    byte[] whole = lz4(kernel, 7_000);

    assertThatThrownBy(() -> BzImage.kernel(image(Arrays.copyOf(whole, whole.length - 9))))
        .isInstanceOf(BuildException.class);
  }

  @Test
  void aKernelWithoutPvhEntryIsRefused() {
    assertThatThrownBy(() -> BzImage.kernel(image(xz(SampleElf.kernel(false, "")))))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("PVH");
  }

  @Test
  void whatIsNoKernelIsRefused() {
    assertThatThrownBy(() -> BzImage.kernel(new byte[4096]))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("no bzImage");
    assertThatThrownBy(() -> BzImage.kernel(image(xz(new byte[100]))))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("no x86_64 ELF");
    assertThatThrownBy(
            () -> BzImage.kernel(image(new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd})))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("zstd");
  }

  @Test
  void aPayloadOutsideOfTheImageIsRefused() throws Exception {
    byte[] image = image(xz(kernel));
    ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN).putInt(0x24c, image.length);

    assertThatThrownBy(() -> BzImage.kernel(image))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("outside");
  }

  @Test
  void anXzPayloadWithABrokenByteIsRefused() throws Exception {
    byte[] packed = xz(kernel);
    packed[packed.length / 2] ^= 0x55;

    assertThatThrownBy(() -> BzImage.kernel(image(packed))).isInstanceOf(BuildException.class);
  }

  /** Two setup sectors after the first, the payload 16 bytes into the rest, its size after it. */
  private byte[] image(byte[] packed) {
    int unpackedSize = kernel.length;
    int offset = 16;
    ByteBuffer image =
        ByteBuffer.allocate(3 * 512 + offset + packed.length + 4 + 100)
            .order(ByteOrder.LITTLE_ENDIAN);
    image.put(0x1f1, (byte) 2).putInt(0x202, 0x53726448).putShort(0x206, (short) 0x20f);
    image.putInt(0x248, offset).putInt(0x24c, packed.length + 4);
    image.put(3 * 512 + offset, packed);
    image.putInt(3 * 512 + offset + packed.length, unpackedSize);
    return image.array();
  }

  /** As the kernel's scripts/xz_wrap.sh does it. */
  private static byte[] xz(byte[] content) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    LZMA2Options lzma = new LZMA2Options(6);
    try (OutputStream out =
        new XZOutputStream(
            packed, new org.tukaani.xz.FilterOptions[] {new X86Options(), lzma}, XZ.CHECK_CRC32)) {
      out.write(content);
    }
    return packed.toByteArray();
  }

  private static byte[] lz4(byte[] content, int blockSize) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    packed.writeBytes(new byte[] {0x02, 0x21, 0x4c, 0x18});
    for (int at = 0; at < content.length; at += blockSize) {
      ByteArrayOutputStream block = new ByteArrayOutputStream();
      try (OutputStream out = new BlockLZ4CompressorOutputStream(block)) {
        out.write(content, at, Math.min(blockSize, content.length - at));
      }
      packed.writeBytes(
          ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(block.size()).array());
      packed.writeBytes(block.toByteArray());
    }
    return packed.toByteArray();
  }
}
