package dev.mayfly.image.tree;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Where a file's bytes lie: in a layer's file, or in the spool. */
record Content(FileChannel file, long offset, long size) {
  /**
   * Reads what fits from a position within the content.
   *
   * @throws EOFException when the file has become shorter since
   */
  void read(long position, ByteBuffer into) throws IOException {
    long at = offset + position;
    while (into.hasRemaining()) {
      int count = file.read(into, at);
      if (count < 0) {
        throw new EOFException("a layer's file has become shorter while it was read");
      }
      at += count;
    }
  }
}
