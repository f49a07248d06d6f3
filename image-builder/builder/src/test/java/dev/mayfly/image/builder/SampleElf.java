package dev.mayfly.image.builder;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The smallest x86_64 ELF files that hold what a build looks for. */
@SuppressWarnings("ByteBufferBackingArray") // every buffer here is its own allocation
final class SampleElf {
  private static final int HEADER = 64;
  private static final int PROGRAM_HEADER = 56;
  private static final int SECTION_HEADER = 64;

  private SampleElf() {}

  /** A kernel: one note segment, with the PVH note among others or without it. */
  static byte[] kernel(boolean pvh, String filler) {
    ByteArrayOutputStream notes = new ByteArrayOutputStream();
    notes.writeBytes(note("GNU", 3, new byte[20]));
    notes.writeBytes(note("Xen", pvh ? 18 : 5, new byte[] {0, 0, 0, 1}));
    byte[] content = notes.toByteArray();
    byte[] tail = filler.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = header(HEADER + PROGRAM_HEADER + content.length + tail.length);
    file.putLong(32, HEADER).putShort(54, (short) PROGRAM_HEADER).putShort(56, (short) 1);
    file.putInt(HEADER, 4);
    file.putLong(HEADER + 8, HEADER + PROGRAM_HEADER).putLong(HEADER + 32, content.length);
    file.put(HEADER + PROGRAM_HEADER, content);
    file.put(HEADER + PROGRAM_HEADER + content.length, tail);
    return file.array();
  }

  /** A kernel module with these entries in its {@code .modinfo}. */
  static byte[] module(String... entries) {
    byte[] content = (String.join("\0", entries) + "\0").getBytes(StandardCharsets.UTF_8);
    byte[] names = "\0.modinfo\0.shstrtab\0".getBytes(StandardCharsets.UTF_8);
    int headers = HEADER + content.length + names.length;
    ByteBuffer file = header(headers + 3 * SECTION_HEADER);
    file.putLong(40, headers).putShort(58, (short) SECTION_HEADER);
    file.putShort(60, (short) 3).putShort(62, (short) 2);
    file.put(HEADER, content).put(HEADER + content.length, names);
    section(file, headers + SECTION_HEADER, 1, HEADER, content.length);
    section(file, headers + 2 * SECTION_HEADER, 10, HEADER + content.length, names.length);
    return file.array();
  }

  private static void section(ByteBuffer file, int at, int name, int offset, int size) {
    file.putInt(at, name).putInt(at + 4, 1).putLong(at + 24, offset).putLong(at + 32, size);
  }

  private static ByteBuffer header(int size) {
    ByteBuffer file = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    file.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1).putShort(18, (short) 62);
    return file;
  }

  private static byte[] note(String owner, int type, byte[] content) {
    ByteBuffer note = ByteBuffer.allocate(12 + 4 + content.length).order(ByteOrder.LITTLE_ENDIAN);
    note.putInt(owner.length() + 1).putInt(content.length).putInt(type);
    note.put(owner.getBytes(StandardCharsets.UTF_8)).put((byte) 0).put(content);
    return note.array();
  }
}
