package dev.mayfly.image.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;

/** Reads small pieces of a disk; what lies behind its end is zeros. */
final class DiskReader {
  private final FileChannel disk;

  DiskReader(FileChannel disk) {
    this.disk = disk;
  }

  long size() throws IOException {
    return disk.size();
  }

  /** Little-endian, unless the caller says otherwise. */
  ByteBuffer read(long offset, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    long at = offset;
    while (bytes.hasRemaining() && at >= 0 && at < disk.size()) {
      int count = disk.read(bytes, at);
      if (count < 0) {
        break;
      }
      at += count;
    }
    return bytes.clear();
  }

  boolean has(long offset, String magic) throws IOException {
    ByteBuffer bytes = read(offset, magic.length());
    for (int i = 0; i < magic.length(); i++) {
      if ((bytes.get(i) & 0xff) != magic.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
