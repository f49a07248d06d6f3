package dev.mayfly.image.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Raw disks with partition tables, written byte by byte. */
public final class SampleDisk {
  private static final int SECTOR = 512;
  private static final int FIRST = 2_048;

  private SampleDisk() {}

  /** With an MBR; the second and later file systems are logical partitions. */
  public static Path mbr(Path disk, List<Path> fileSystems) throws IOException {
    ByteBuffer bytes = allocate(fileSystems);
    long at = FIRST;
    int number = 0;
    long extended = 0;
    long table = 0;
    for (Path fileSystem : fileSystems) {
      byte[] content = Files.readAllBytes(fileSystem);
      long sectors = content.length / SECTOR;
      if (number == 0) {
        entry(bytes, 446, 0x83, at, sectors);
      } else if (number == 1) {
        extended = at - 1;
        table = extended;
        entry(bytes, 462, 0x05, extended, 1_000_000);
        entry(bytes, (int) table * SECTOR + 446, 0x83, 1, sectors);
        sign(bytes, (int) table * SECTOR);
      } else {
        entry(bytes, (int) table * SECTOR + 462, 0x05, at - 1 - extended, 1_000_000);
        table = at - 1;
        entry(bytes, (int) table * SECTOR + 446, 0x83, 1, sectors);
        sign(bytes, (int) table * SECTOR);
      }
      bytes.put((int) at * SECTOR, content);
      at += sectors + FIRST;
      number++;
    }
    sign(bytes, 0);
    return Files.write(disk, bytes.array());
  }

  /** With a GPT behind its protective MBR. */
  public static Path gpt(Path disk, List<Path> fileSystems) throws IOException {
    ByteBuffer bytes = allocate(fileSystems);
    entry(bytes, 446, 0xee, 1, 0xffff_ffffL);
    sign(bytes, 0);
    bytes.put(SECTOR, "EFI PART".getBytes(StandardCharsets.US_ASCII));
    bytes.putLong(SECTOR + 72, 2).putInt(SECTOR + 80, 128).putInt(SECTOR + 84, 128);
    long at = FIRST;
    int number = 0;
    for (Path fileSystem : fileSystems) {
      byte[] content = Files.readAllBytes(fileSystem);
      int entry = 2 * SECTOR + 128 * number;
      bytes.putLong(entry, 0x477284830fc63dafL).putLong(entry + 8, 0xe47d47d8693d798eL >>> 1);
      bytes.putLong(entry + 32, at).putLong(entry + 40, at + content.length / SECTOR - 1);
      bytes.put((int) at * SECTOR, content);
      at += content.length / SECTOR + FIRST;
      number++;
    }
    return Files.write(disk, bytes.array());
  }

  private static ByteBuffer allocate(List<Path> fileSystems) throws IOException {
    long size = FIRST * SECTOR;
    for (Path fileSystem : fileSystems) {
      size += Files.size(fileSystem) + FIRST * SECTOR;
    }
    return ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void entry(ByteBuffer bytes, int at, int type, long start, long sectors) {
    bytes.put(at + 4, (byte) type).putInt(at + 8, (int) start).putInt(at + 12, (int) sectors);
  }

  private static void sign(ByteBuffer bytes, int at) {
    bytes.putShort(at + 510, (short) 0xaa55);
  }
}
