package dev.mayfly.image.disk;

/**
 * A part of a disk.
 *
 * @param number from 1, as the table has it; 0: the whole disk
 * @param offset in bytes
 * @param length in bytes, within the disk
 */
public record Partition(int number, long offset, long length, Kind kind) {

  /** What its first bytes say is in it. */
  public enum Kind {
    EXT("ext2, ext3 or ext4"),
    LVM("LVM"),
    LUKS("LUKS encryption"),
    XFS("xfs"),
    BTRFS("btrfs"),
    SWAP("swap"),
    FAT("FAT"),
    NTFS("NTFS"),
    RAID("Linux RAID"),
    UNKNOWN("unknown");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    String words() {
      return words;
    }
  }

  @Override
  public String toString() {
    return (number == 0 ? "the whole disk" : "partition " + number)
        + ": "
        + kind.words()
        + ", "
        + (length >> 20)
        + " MiB";
  }
}
