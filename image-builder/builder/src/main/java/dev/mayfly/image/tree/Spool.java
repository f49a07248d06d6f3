package dev.mayfly.image.tree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps the contents of files until the tree is written: one after the other in one file, or where
 * they lie already.
 */
final class Spool implements AutoCloseable {
  private static final int BUFFER = 256 << 10;

  /** Smaller files are not worth the question. */
  private static final long WORTH_ASKING = 64L << 20;

  private final Path file;
  private final FileChannel channel;
  private final List<FileChannel> layers = new ArrayList<>();
  private final byte[] buffer = new byte[BUFFER];
  private long end;

  Spool(Path directory) throws IOException {
    this.file = directory.resolve("contents");
    this.channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /** Whether a file of that size would still fit on the disk, as far as that can be told. */
  boolean hasRoomFor(long bytes) {
    return bytes < WORTH_ASKING || bytes < file.toFile().getUsableSpace();
  }

  /** Keeps a layer's file open, because contents will be read from it. */
  FileChannel keep(Path layer) throws IOException {
    FileChannel kept = FileChannel.open(layer, StandardOpenOption.READ);
    layers.add(kept);
    return kept;
  }

  /** Copies the whole content of the reader's current entry. */
  Content copy(TarReader reader) throws IOException, TreeRefusedException {
    long start = end;
    end += append(reader, reader.contentLeft(), end);
    return new Content(channel, start, end - start);
  }

  /** The same for a sparse file, whose holes become zeros. */
  Content copy(TarReader reader, SparseMap map) throws IOException, TreeRefusedException {
    long start = end;
    for (SparseMap.Extent extent : map.extents()) {
      append(reader, extent.length(), start + extent.offset());
    }
    end = start + map.size();
    if (channel.size() < end) {
      channel.write(ByteBuffer.wrap(new byte[1]), end - 1);
    }
    return new Content(channel, start, map.size());
  }

  private long append(TarReader reader, long bytes, long position)
      throws IOException, TreeRefusedException {
    long at = position;
    for (long left = bytes; left > 0; ) {
      int count = reader.read(buffer, (int) Math.min(left, buffer.length));
      ByteBuffer from = ByteBuffer.wrap(buffer, 0, count);
      while (from.hasRemaining()) {
        at += channel.write(from, at);
      }
      left -= count;
    }
    return bytes;
  }

  @Override
  public void close() throws IOException {
    try (channel) {
      for (FileChannel layer : layers) {
        layer.close();
      }
    } finally {
      Files.deleteIfExists(file);
    }
  }
}
