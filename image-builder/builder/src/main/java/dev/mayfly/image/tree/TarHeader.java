package dev.mayfly.image.tree;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The fields of one header block: POSIX' ustar form, GNU tar's older one, or that of Unix V7. A
 * field that makes no sense is an {@link IllegalArgumentException} whose message says what the
 * entry "has".
 */
record TarHeader(byte[] block) {
  static final int BLOCK = 512;

  private static final int NAME = 0;
  private static final int MODE = 100;
  private static final int UID = 108;
  private static final int GID = 116;
  private static final int SIZE = 124;
  private static final int TIME = 136;
  private static final int CHECKSUM = 148;
  private static final int FLAG = 156;
  private static final int LINK_NAME = 157;
  private static final int MAGIC = 257;
  private static final int MAJOR = 329;
  private static final int MINOR = 337;
  private static final int PREFIX = 345;
  private static final int GNU_SPARSE = 386;
  private static final int GNU_SPARSE_COUNT = 4;
  private static final int GNU_IS_EXTENDED = 482;
  private static final int GNU_REAL_SIZE = 483;
  private static final int EXTENSION_COUNT = 21;
  private static final int EXTENSION_IS_EXTENDED = 504;

  boolean isZero() {
    for (byte b : block) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  /** Old programs summed signed bytes. */
  boolean checksumIsRight() {
    long unsigned = 0;
    long signed = 0;
    for (int i = 0; i < BLOCK; i++) {
      byte b = i >= CHECKSUM && i < CHECKSUM + 8 ? (byte) ' ' : block[i];
      unsigned += b & 0xff;
      signed += b;
    }
    try {
      long stored = number(CHECKSUM, 8);
      return stored == unsigned || stored == signed;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  char flag() {
    return (char) (block[FLAG] & 0xff);
  }

  String name() {
    String name = text(NAME, 100);
    // Only POSIX' form has a prefix; GNU tar keeps other things there.
    if (text(MAGIC, 6).equals("ustar") && block[MAGIC + 5] == 0 && block[PREFIX] != 0) {
      return text(PREFIX, 155) + "/" + name;
    }
    return name;
  }

  String linkName() {
    return text(LINK_NAME, 100);
  }

  int mode() {
    return (int) (number(MODE, 8) & 07777);
  }

  long uid() {
    return number(UID, 8);
  }

  long gid() {
    return number(GID, 8);
  }

  long size() {
    return number(SIZE, 12);
  }

  long seconds() {
    return number(TIME, 12);
  }

  long major() {
    return number(MAJOR, 8);
  }

  long minor() {
    return number(MINOR, 8);
  }

  /** Of GNU tar's old sparse files. */
  long gnuRealSize() {
    return number(GNU_REAL_SIZE, 12);
  }

  /** Offsets and lengths by turns, of a sparse file's header. */
  List<Long> gnuSparse() {
    return sparse(GNU_SPARSE, GNU_SPARSE_COUNT);
  }

  boolean gnuSparseGoesOn() {
    return block[GNU_IS_EXTENDED] != 0;
  }

  /** Of a block that follows a sparse file's header. */
  List<Long> extensionSparse() {
    return sparse(0, EXTENSION_COUNT);
  }

  boolean extensionGoesOn() {
    return block[EXTENSION_IS_EXTENDED] != 0;
  }

  private List<Long> sparse(int start, int count) {
    List<Long> numbers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int at = start + 24 * i;
      // The first entry without a length ends the map; it may be there to give the size.
      if (block[at] == 0) {
        break;
      }
      numbers.add(number(at, 12));
      numbers.add(number(at + 12, 12));
    }
    return numbers;
  }

  private String text(int offset, int length) {
    int end = offset;
    while (end < offset + length && block[end] != 0) {
      end++;
    }
    return new String(block, offset, end - offset, StandardCharsets.ISO_8859_1);
  }

  /** Octal digits, or binary behind a byte that is no character. */
  private long number(int offset, int length) {
    int first = block[offset] & 0xff;
    if (first == 0x80 || first == 0xff) {
      long value = first == 0xff ? -1 : 0;
      for (int i = 1; i < length; i++) {
        if (value != (value << 8 >> 8)) {
          throw new IllegalArgumentException("has a number that is too large");
        }
        value = value << 8 | block[offset + i] & 0xff;
      }
      return value;
    }
    String digits = text(offset, length).strip();
    if (digits.isEmpty()) {
      return 0;
    }
    try {
      return Long.parseLong(digits, 8);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("has a header with a number that is none", e);
    }
  }
}
