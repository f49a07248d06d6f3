package dev.mayfly.image.tree;

import dev.mayfly.image.tree.TarEntry.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.IdentityHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Writes a tree in one way only: parents before what is in them, names in the order of their bytes,
 * hard links to the first of a file's names. Long names are GNU tar's own entries, because those
 * are bytes and never text; attributes, large numbers and fractions of seconds are POSIX' extended
 * headers.
 */
final class TarWriter implements AutoCloseable {
  private static final int BUFFER = 1 << 20;
  private static final int FIELD = 100;
  private static final long MAX_OCTAL_7 = 0_7777777L;
  private static final long MAX_OCTAL_11 = 0_77777777777L;

  private final FileChannel out;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
  private final Map<Inode, String> firstNames = new IdentityHashMap<>();
  private long latestSeconds;

  TarWriter(Path archive) throws IOException {
    this.out = FileChannel.open(archive, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  void write(Node root) throws IOException {
    directory(root, ".");
    zeros(2 * TarHeader.BLOCK);
    flush();
  }

  /** Of what was written. */
  long latestSeconds() {
    return latestSeconds;
  }

  private void directory(Node node, String path) throws IOException {
    entry(path + "/", node.inode(), "");
    for (Node child : node.children()) {
      String childPath = path + "/" + child.name();
      Inode inode = child.inode();
      if (inode.kind() == Kind.DIRECTORY) {
        directory(child, childPath);
      } else {
        String first = firstNames.putIfAbsent(inode, childPath);
        entry(childPath, inode, first == null ? "" : first);
      }
    }
  }

  /**
   * @param first empty, or this file's first name
   */
  private void entry(String path, Inode inode, String first) throws IOException {
    latestSeconds = Math.max(latestSeconds, inode.seconds());
    Kind kind = first.isEmpty() ? inode.kind() : Kind.HARD_LINK;
    String link = kind == Kind.HARD_LINK ? first : inode.target();
    longText('L', path);
    longText('K', link);
    long size = kind == Kind.FILE ? inode.content().map(Content::size).orElse(0L) : 0;
    byte[] records = records(inode, size, kind);
    if (records.length > 0) {
      header("./@", 'x', inode, records.length, "", false);
      bytes(records);
    }
    header(path, kind.flag(), inode, size, link, true);
    if (kind == Kind.FILE && inode.content().isPresent()) {
      content(inode.content().get());
    }
  }

  private void longText(char flag, String text) throws IOException {
    if (text.length() > FIELD) {
      byte[] bytes = (text + '\0').getBytes(StandardCharsets.ISO_8859_1);
      header("././@LongLink", flag, Inode.impliedDirectory(), bytes.length, "", false);
      bytes(bytes);
    }
  }

  private static byte[] records(Inode inode, long size, Kind kind) {
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    if (kind == Kind.HARD_LINK) {
      return records.toByteArray();
    }
    if (inode.nanos() != 0 || inode.seconds() > MAX_OCTAL_11) {
      record(
          records,
          "mtime",
          text(String.format(Locale.ROOT, "%d.%09d", inode.seconds(), inode.nanos())));
    }
    if (size > MAX_OCTAL_11) {
      record(records, "size", text(Long.toString(size)));
    }
    if (inode.uid() > MAX_OCTAL_7) {
      record(records, "uid", text(Long.toString(inode.uid())));
    }
    if (inode.gid() > MAX_OCTAL_7) {
      record(records, "gid", text(Long.toString(inode.gid())));
    }
    inode.attributes().forEach((name, value) -> record(records, "SCHILY.xattr." + name, value));
    return records.toByteArray();
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** A record's length counts itself. */
  private static void record(ByteArrayOutputStream out, String key, byte[] value) {
    int rest = 3 + key.length() + value.length;
    int length = rest + Integer.toString(rest).length();
    if (Integer.toString(length).length() > Integer.toString(rest).length()) {
      length = rest + Integer.toString(length).length();
    }
    out.writeBytes(text(length + " " + key + "="));
    out.writeBytes(value);
    out.write('\n');
  }

  private void header(String path, char flag, Inode inode, long size, String link, boolean real)
      throws IOException {
    byte[] block = new byte[TarHeader.BLOCK];
    put(block, 0, path);
    octal(block, 100, 8, real ? inode.mode() : 0644);
    octal(block, 108, 8, real && inode.uid() <= MAX_OCTAL_7 ? inode.uid() : 0);
    octal(block, 116, 8, real && inode.gid() <= MAX_OCTAL_7 ? inode.gid() : 0);
    octal(block, 124, 12, size <= MAX_OCTAL_11 ? size : 0);
    octal(block, 136, 12, real && inode.seconds() <= MAX_OCTAL_11 ? inode.seconds() : 0);
    block[156] = (byte) flag;
    put(block, 157, link);
    put(block, 257, "ustar\0" + "00");
    if (flag == Kind.CHARACTER_DEVICE.flag() || flag == Kind.BLOCK_DEVICE.flag()) {
      octal(block, 329, 8, inode.major());
      octal(block, 337, 8, inode.minor());
    }
    put(block, 148, "        ");
    int sum = 0;
    for (byte b : block) {
      sum += b & 0xff;
    }
    put(block, 148, String.format(Locale.ROOT, "%06o\0 ", sum));
    append(block, 0, block.length);
  }

  private static void put(byte[] block, int offset, String value) {
    byte[] bytes = text(value);
    System.arraycopy(bytes, 0, block, offset, Math.min(bytes.length, FIELD));
  }

  private static void octal(byte[] block, int offset, int length, long value) {
    put(block, offset, String.format(Locale.ROOT, "%0" + (length - 1) + "o", value));
  }

  private void bytes(byte[] bytes) throws IOException {
    append(bytes, 0, bytes.length);
    pad(bytes.length);
  }

  private void content(Content content) throws IOException {
    for (long at = 0; at < content.size(); ) {
      if (!buffer.hasRemaining()) {
        flush();
      }
      int limit = (int) Math.min(buffer.remaining(), content.size() - at);
      ByteBuffer part = buffer.slice(buffer.position(), limit);
      content.read(at, part);
      buffer.position(buffer.position() + limit);
      at += limit;
    }
    pad(content.size());
  }

  private void pad(long size) throws IOException {
    zeros((int) (-size & (TarHeader.BLOCK - 1)));
  }

  private void zeros(int count) throws IOException {
    append(new byte[count], 0, count);
  }

  private void append(byte[] bytes, int offset, int length) throws IOException {
    int done = 0;
    while (done < length) {
      if (!buffer.hasRemaining()) {
        flush();
      }
      int count = Math.min(buffer.remaining(), length - done);
      buffer.put(bytes, offset + done, count);
      done += count;
    }
  }

  private void flush() throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      out.write(buffer);
    }
    buffer.clear();
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
