package dev.mayfly.worker.hypervisor.qemu;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The smallest thing that QEMU takes for a kernel: an ELF with a PVH entry whose code halts. So the
 * life of a VMM can be tested without building a guest.
 */
final class IdleKernel {
  private static final int LOAD_ADDRESS = 0x100000;
  private static final int HEADERS = 64 + 2 * 56;

  /** {@code XEN_ELFNOTE_PHYS32_ENTRY} of xen/interface/elfnote.h. */
  private static final int PVH_ENTRY = 18;

  /** {@code cli; hlt; jmp $-1}. */
  private static final byte[] CODE = {(byte) 0xFA, (byte) 0xF4, (byte) 0xEB, (byte) 0xFD};

  /** Behind any program of a test. */
  private static final int NOTE_ADDRESS = 0x400000;

  private static final int PRINT_BYTES = 39;

  private IdleKernel() {}

  static Path write(Path file) throws IOException {
    return write(file, CODE);
  }

  /**
   * A kernel that prints a text on the serial port and then resets the machine, which is how a
   * guest ends without ACPI; with {@code stays} it idles instead.
   */
  static Path printing(Path file, String text, boolean stays) throws IOException {
    byte[] message = text.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer code =
        ByteBuffer.allocate(PRINT_BYTES + message.length + 1 + 6).order(ByteOrder.LITTLE_ENDIAN);
    int messageAt = LOAD_ADDRESS + PRINT_BYTES;
    // cld; mov esi, message
    code.put((byte) 0xFC).put((byte) 0xBE).putInt(messageAt);
    // next: lodsb; mov bl, al; test al, al; jz end
    code.put(bytes(0xAC, 0x88, 0xC3, 0x84, 0xC0, 0x74, 0x12));
    // mov dx, 0x3FD; wait: in al, dx; test al, 0x20; jz wait
    code.put(bytes(0x66, 0xBA, 0xFD, 0x03, 0xEC, 0xA8, 0x20, 0x74, 0xFB));
    // mov al, bl; mov dx, 0x3F8; out dx, al; jmp next
    code.put(bytes(0x88, 0xD8, 0x66, 0xBA, 0xF8, 0x03, 0xEE, 0xEB, 0xE7));
    // end: an interrupt without a table is a triple fault; or cli; hlt; jmp $-1
    if (stays) {
      code.put(CODE).put(new byte[4]);
    } else {
      code.put(bytes(0x0F, 0x01, 0x1D)).putInt(messageAt + message.length + 1).put(bytes(0xCC));
    }
    return write(file, code.put(message).array());
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  private static Path write(Path file, byte[] program) throws IOException {
    ByteBuffer elf = ByteBuffer.allocate(4096 + program.length).order(ByteOrder.LITTLE_ENDIAN);
    elf.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
    elf.putShort((short) 2).putShort((short) 62).putInt(1).putLong(LOAD_ADDRESS);
    elf.putLong(64).putLong(0).putInt(0);
    elf.putShort((short) 64).putShort((short) 56).putShort((short) 2);
    elf.putShort((short) 64).putShort((short) 0).putShort((short) 0);
    int noteBytes = 12 + 4 + 4;
    segment(elf, 1, 5, HEADERS + noteBytes, LOAD_ADDRESS, program.length);
    segment(elf, 4, 4, HEADERS, NOTE_ADDRESS, noteBytes);
    elf.putInt(4).putInt(4).putInt(PVH_ENTRY);
    elf.put("Xen\0".getBytes(StandardCharsets.US_ASCII)).putInt(LOAD_ADDRESS);
    elf.put(program);
    return Files.write(file, elf.array());
  }

  private static void segment(
      ByteBuffer elf, int type, int flags, long offset, long address, long bytes) {
    elf.putInt(type).putInt(flags).putLong(offset).putLong(address).putLong(address);
    elf.putLong(bytes).putLong(bytes).putLong(4);
  }
}
