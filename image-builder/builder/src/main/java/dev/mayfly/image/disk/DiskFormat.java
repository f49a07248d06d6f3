package dev.mayfly.image.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * How a disk image's bytes are kept. It is told by its first bytes and never by a program that
 * opens what a header names: a hostile qcow2 names files of this machine.
 */
public enum DiskFormat {
  RAW,
  QCOW2;

  private static final String QCOW = "QFI\u00fb";

  /** What its header says of its whole disk; a guest with more than this would never fit. */
  private static final long MAX_BYTES = 1L << 40;

  /** Offsets of QEMU's docs/interop/qcow2.txt; all numbers are big-endian. */
  private static final int VERSION = 4;

  private static final int BACKING_FILE_OFFSET = 8;
  private static final int SIZE = 24;
  private static final int ENCRYPTION = 32;
  private static final int INCOMPATIBLE_FEATURES = 72;
  private static final long DIRTY = 1;
  private static final long EXTERNAL_DATA = 1 << 2;
  private static final long COMPRESSION_TYPE = 1 << 3;
  private static final int HEADER = 104;

  /** Looks at the first bytes. */
  public static DiskFormat of(Path file) throws IOException, DiskRefusedException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      DiskReader disk = new DiskReader(channel);
      if (disk.has(0, QCOW)) {
        requireSelfContained(disk.read(0, HEADER).order(ByteOrder.BIG_ENDIAN));
        return QCOW2;
      }
      refuseOthers(disk);
      if (disk.size() > MAX_BYTES) {
        throw tooLarge(disk.size());
      }
      return RAW;
    }
  }

  private static void requireSelfContained(ByteBuffer header) throws DiskRefusedException {
    int version = header.getInt(VERSION);
    if (version != 2 && version != 3) {
      throw new DiskRefusedException(
          "the qcow2 image is of version " + version + "; convert it to version 3");
    }
    if (header.getLong(BACKING_FILE_OFFSET) != 0) {
      throw new DiskRefusedException(
          "the qcow2 image has a backing file; merge them first: qemu-img convert -O qcow2");
    }
    if (header.getInt(ENCRYPTION) != 0) {
      throw new DiskRefusedException("the qcow2 image is encrypted; decrypt it first");
    }
    long features = version == 3 ? header.getLong(INCOMPATIBLE_FEATURES) : 0;
    if ((features & EXTERNAL_DATA) != 0) {
      throw new DiskRefusedException(
          "the qcow2 image keeps its data in another file; convert it first: qemu-img convert -O qcow2");
    }
    if ((features & ~(DIRTY | COMPRESSION_TYPE)) != 0) {
      throw new DiskRefusedException(
          "the qcow2 image is corrupt or uses features that are not known here; convert it first: qemu-img convert -O qcow2");
    }
    long size = header.getLong(SIZE);
    if (size < 0 || size > MAX_BYTES) {
      throw tooLarge(size);
    }
  }

  private static DiskRefusedException tooLarge(long size) {
    return new DiskRefusedException(
        "the disk has "
            + Long.toUnsignedString(size)
            + " bytes, more than "
            + MAX_BYTES
            + "; use a smaller one");
  }

  private static void refuseOthers(DiskReader disk) throws IOException, DiskRefusedException {
    String other = "";
    if (disk.has(0, "KDMV") || disk.has(0, "# Disk DescriptorFile")) {
      other = "VMDK";
    } else if (disk.has(0, "vhdxfile")) {
      other = "VHDX";
    } else if (disk.has(0, "conectix")) {
      other = "VHD";
    } else if (disk.has(64, "\u007f\u0010\u00da\u00be")) {
      other = "VDI";
    } else if (disk.has(0, "\u001f\u008b") || disk.has(0, "\u00fd7zXZ")) {
      other = "compressed";
    }
    if (!other.isEmpty()) {
      throw new DiskRefusedException(
          "the disk image is "
              + other
              + ", neither qcow2 nor raw; convert it first: qemu-img convert -O qcow2");
    }
  }
}
