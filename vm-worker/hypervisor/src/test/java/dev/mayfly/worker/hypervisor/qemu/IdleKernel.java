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

  private IdleKernel() {}

  static Path write(Path file) throws IOException {
    ByteBuffer elf = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    elf.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
    elf.putShort((short) 2).putShort((short) 62).putInt(1).putLong(LOAD_ADDRESS);
    elf.putLong(64).putLong(0).putInt(0);
    elf.putShort((short) 64).putShort((short) 56).putShort((short) 2);
    elf.putShort((short) 64).putShort((short) 0).putShort((short) 0);
    int noteBytes = 12 + 4 + 4;
    segment(elf, 1, 5, HEADERS + noteBytes, LOAD_ADDRESS, CODE.length);
    segment(elf, 4, 4, HEADERS, LOAD_ADDRESS + 4096, noteBytes);
    elf.putInt(4).putInt(4).putInt(PVH_ENTRY);
    elf.put("Xen\0".getBytes(StandardCharsets.US_ASCII)).putInt(LOAD_ADDRESS);
    elf.put(CODE);
    return Files.write(file, elf.array());
  }

  private static void segment(
      ByteBuffer elf, int type, int flags, long offset, long address, long bytes) {
    elf.putInt(type).putInt(flags).putLong(offset).putLong(address).putLong(address);
    elf.putLong(bytes).putLong(bytes).putLong(4);
  }
}
