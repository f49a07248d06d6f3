package dev.mayfly.image.builder;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * As much of a 64-bit little-endian x86_64 ELF file as a build needs: one section's content, and
 * the note by which a kernel offers its PVH entry. Layout: System V ABI, ELF-64 object file format.
 */
final class ElfFile {
  private static final int MAGIC = 0x464c457f;
  private static final int CLASS_64 = 2;
  private static final int LITTLE_ENDIAN = 1;
  private static final int MACHINE_X86_64 = 62;
  private static final int PROGRAM_NOTE = 4;
  private static final int SECTION_WITHOUT_BITS = 8;

  /** XEN_ELFNOTE_PHYS32_ENTRY of Linux' include/xen/interface/elfnote.h. */
  private static final int NOTE_PHYS32_ENTRY = 18;

  private final ByteBuffer bytes;

  private ElfFile(ByteBuffer bytes) {
    this.bytes = bytes;
  }

  /** Empty when these bytes are no such file. */
  static Optional<ElfFile> of(byte[] content) {
    ByteBuffer bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    boolean right =
        content.length >= 64
            && bytes.getInt(0) == MAGIC
            && bytes.get(4) == CLASS_64
            && bytes.get(5) == LITTLE_ENDIAN
            && bytes.getShort(18) == MACHINE_X86_64;
    return right ? Optional.of(new ElfFile(bytes)) : Optional.empty();
  }

  /**
   * The content of the first section of that name, empty where there is none.
   *
   * @throws IllegalArgumentException when an offset or size points outside of the file
   */
  Optional<byte[]> section(String name) {
    int headers = at(bytes.getLong(40));
    int headerSize = Short.toUnsignedInt(bytes.getShort(58));
    int count = Short.toUnsignedInt(bytes.getShort(60));
    int namesIndex = Short.toUnsignedInt(bytes.getShort(62));
    ByteBuffer table = slice(headers, (long) headerSize * count);
    if (namesIndex >= count || headerSize < 64) {
      throw new IllegalArgumentException("ELF section headers are malformed");
    }
    ByteBuffer names = content(table, namesIndex * headerSize);
    for (int i = 0; i < count; i++) {
      int header = i * headerSize;
      if (table.getInt(header + 4) != SECTION_WITHOUT_BITS
          && name.equals(text(names, table.getInt(header)))) {
        ByteBuffer content = content(table, header);
        byte[] copy = new byte[content.remaining()];
        content.get(copy);
        return Optional.of(copy);
      }
    }
    return Optional.empty();
  }

  /** Whether a VMM can start it without a boot loader. */
  boolean hasPvhEntry() {
    int headers = at(bytes.getLong(32));
    int headerSize = Short.toUnsignedInt(bytes.getShort(54));
    int count = Short.toUnsignedInt(bytes.getShort(56));
    ByteBuffer table = slice(headers, (long) headerSize * count);
    for (int i = 0; i < count; i++) {
      int header = i * headerSize;
      if (table.getInt(header) == PROGRAM_NOTE
          && holdsPvhNote(slice(at(table.getLong(header + 8)), table.getLong(header + 32)))) {
        return true;
      }
    }
    return false;
  }

  private static boolean holdsPvhNote(ByteBuffer notes) {
    int position = 0;
    while (position + 12 <= notes.limit()) {
      long nameSize = Integer.toUnsignedLong(notes.getInt(position));
      long contentSize = Integer.toUnsignedLong(notes.getInt(position + 4));
      int type = notes.getInt(position + 8);
      long next = position + 12L + aligned(nameSize) + aligned(contentSize);
      if (next > notes.limit()) {
        return false;
      }
      if (type == NOTE_PHYS32_ENTRY && nameSize == 4 && "Xen".equals(text(notes, position + 12))) {
        return true;
      }
      position = Math.toIntExact(next);
    }
    return false;
  }

  private static long aligned(long size) {
    return (size + 3) & ~3L;
  }

  private ByteBuffer content(ByteBuffer table, int header) {
    return slice(at(table.getLong(header + 24)), table.getLong(header + 32));
  }

  private ByteBuffer slice(int offset, long size) {
    if (size < 0 || offset + size > bytes.limit()) {
      throw new IllegalArgumentException("ELF file points outside of itself");
    }
    return bytes.slice(offset, (int) size).order(ByteOrder.LITTLE_ENDIAN);
  }

  private int at(long offset) {
    if (offset < 0 || offset > bytes.limit()) {
      throw new IllegalArgumentException("ELF file points outside of itself");
    }
    return (int) offset;
  }

  private static String text(ByteBuffer from, int offset) {
    if (offset < 0 || offset > from.limit()) {
      throw new IllegalArgumentException("ELF file points outside of itself");
    }
    int end = offset;
    while (end < from.limit() && from.get(end) != 0) {
      end++;
    }
    byte[] copy = new byte[end - offset];
    from.get(offset, copy);
    return new String(copy, StandardCharsets.ISO_8859_1);
  }
}
