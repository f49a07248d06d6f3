package dev.mayfly.image.disk;

import dev.mayfly.image.disk.Partition.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The partitions of a raw disk: an MBR's, its logical ones, or a GPT's. Layouts: the UEFI
 * specification, chapter 5. Sectors have 512 bytes, as in every disk image.
 */
public final class PartitionTable {
  private static final int SECTOR = 512;
  private static final int MBR_ENTRIES = 446;
  private static final int MBR_ENTRY = 16;
  private static final int MBR_SIGNATURE = 510;
  private static final int PROTECTIVE = 0xee;
  private static final int MAX_PARTITIONS = 128;
  private static final String GPT = "EFI PART";
  private static final int MAX_GPT_ENTRY = 4_096;

  private final DiskReader disk;
  private final List<Partition> found = new ArrayList<>();

  private PartitionTable(DiskReader disk) {
    this.disk = disk;
  }

  /** Every partition that lies on the disk, or the disk as one where it has no table. */
  public static List<Partition> read(Path raw) throws IOException, DiskRefusedException {
    try (FileChannel channel = FileChannel.open(raw, StandardOpenOption.READ)) {
      PartitionTable table = new PartitionTable(new DiskReader(channel));
      table.read();
      return List.copyOf(table.found);
    }
  }

  /**
   * Those that may be a Linux root, the largest first.
   *
   * @throws DiskRefusedException when there is none, with what there is instead
   */
  public static List<Partition> roots(List<Partition> all) throws DiskRefusedException {
    List<Partition> roots =
        all.stream()
            .filter(partition -> partition.kind() == Kind.EXT)
            .sorted(Comparator.comparingLong(Partition::length).reversed())
            .toList();
    if (roots.isEmpty()) {
      throw new DiskRefusedException(
          "the disk holds no ext4 file system ("
              + String.join("; ", all.stream().map(Partition::toString).toList())
              + "); LVM, encryption, xfs and btrfs are not taken: install the system on plain ext4, or give its files as a tar archive");
    }
    return roots;
  }

  private void read() throws IOException, DiskRefusedException {
    ByteBuffer first = disk.read(0, SECTOR);
    Kind whole = kind(0);
    boolean table = Short.toUnsignedInt(first.getShort(MBR_SIGNATURE)) == 0xaa55;
    // A file system may begin with a boot sector, which has the same signature.
    if (whole != Kind.UNKNOWN || !table) {
      found.add(new Partition(0, 0, disk.size(), whole));
      return;
    }
    for (int i = 0; i < 4; i++) {
      if ((first.get(MBR_ENTRIES + MBR_ENTRY * i + 4) & 0xff) == PROTECTIVE) {
        guid();
        return;
      }
    }
    mbr(first);
  }

  private void mbr(ByteBuffer first) throws IOException, DiskRefusedException {
    for (int i = 0; i < 4; i++) {
      int entry = MBR_ENTRIES + MBR_ENTRY * i;
      int type = first.get(entry + 4) & 0xff;
      long start = Integer.toUnsignedLong(first.getInt(entry + 8));
      if (isExtended(type)) {
        logical(start);
      } else if (type != 0) {
        add(i + 1, start, Integer.toUnsignedLong(first.getInt(entry + 12)));
      }
    }
  }

  private static boolean isExtended(int type) {
    return type == 0x05 || type == 0x0f || type == 0x85;
  }

  /** Each table names one partition and the next table; their chain may be a circle. */
  private void logical(long extended) throws IOException, DiskRefusedException {
    long at = extended;
    for (int number = 5; number < 5 + MAX_PARTITIONS; number++) {
      ByteBuffer table = disk.read(at * SECTOR, SECTOR);
      if (Short.toUnsignedInt(table.getShort(MBR_SIGNATURE)) != 0xaa55) {
        return;
      }
      if (table.get(MBR_ENTRIES + 4) != 0) {
        add(
            number,
            at + Integer.toUnsignedLong(table.getInt(MBR_ENTRIES + 8)),
            Integer.toUnsignedLong(table.getInt(MBR_ENTRIES + 12)));
      }
      int next = MBR_ENTRIES + MBR_ENTRY;
      if (!isExtended(table.get(next + 4) & 0xff)) {
        return;
      }
      at = extended + Integer.toUnsignedLong(table.getInt(next + 8));
    }
    throw damaged("its logical partitions have no end");
  }

  private void guid() throws IOException, DiskRefusedException {
    ByteBuffer header = disk.read(SECTOR, SECTOR);
    if (!disk.has(SECTOR, GPT)) {
      throw damaged("its GPT header is missing");
    }
    long table = header.getLong(72);
    long count = Integer.toUnsignedLong(header.getInt(80));
    long size = Integer.toUnsignedLong(header.getInt(84));
    if (table < 2
        || table > disk.size() / SECTOR
        || size < 128
        || size > MAX_GPT_ENTRY
        || count > 1_024) {
      throw damaged("its GPT header contradicts itself");
    }
    for (int i = 0; i < count; i++) {
      ByteBuffer entry = disk.read(table * SECTOR + i * size, 128);
      if (entry.getLong(0) != 0 || entry.getLong(8) != 0) {
        long start = entry.getLong(32);
        add(i + 1, start, entry.getLong(40) - start + 1);
      }
    }
  }

  private void add(int number, long start, long sectors) throws IOException, DiskRefusedException {
    long end = disk.size() / SECTOR;
    if (start < 1 || sectors < 1 || start >= end || sectors > end - start) {
      throw damaged("partition " + number + " does not lie on it: the image may be cut off");
    }
    if (found.size() >= MAX_PARTITIONS) {
      throw damaged("it has more than " + MAX_PARTITIONS + " partitions");
    }
    found.add(new Partition(number, start * SECTOR, sectors * SECTOR, kind(start * SECTOR)));
  }

  private static DiskRefusedException damaged(String what) {
    return new DiskRefusedException("the disk is damaged: " + what + "; make the image again");
  }

  /** Offsets of the formats' own magic numbers. */
  private Kind kind(long offset) throws IOException {
    if (disk.has(offset + 1080, "\u0053\u00ef")) {
      return Kind.EXT;
    }
    for (int sector = 0; sector < 4; sector++) {
      if (disk.has(offset + (long) sector * SECTOR, "LABELONE")) {
        return Kind.LVM;
      }
    }
    if (disk.has(offset, "LUKS\u00ba\u00be")) {
      return Kind.LUKS;
    }
    if (disk.has(offset, "XFSB")) {
      return Kind.XFS;
    }
    if (disk.has(offset + 0x10040, "_BHRfS_M")) {
      return Kind.BTRFS;
    }
    if (disk.has(offset + 4_086, "SWAPSPACE2")) {
      return Kind.SWAP;
    }
    if (disk.has(offset + 3, "NTFS    ")) {
      return Kind.NTFS;
    }
    if (disk.has(offset + 54, "FAT") || disk.has(offset + 82, "FAT32")) {
      return Kind.FAT;
    }
    return disk.has(offset + 4_096, "\u00fc\u004e\u002b\u00a9") ? Kind.RAID : Kind.UNKNOWN;
  }
}
