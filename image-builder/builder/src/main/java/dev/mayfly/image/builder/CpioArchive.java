package dev.mayfly.image.builder;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/**
 * Writes a cpio archive in the {@code newc} form that the kernel unpacks. Owner root, time 0 and
 * inodes counted from 1, so that the same entries give the same bytes. Layout: Linux'
 * Documentation/driver-api/early-userspace/buffer-format.rst.
 */
final class CpioArchive {
  private static final int DIRECTORY = 0040000;
  private static final int REGULAR = 0100000;
  private static final String TRAILER = "TRAILER!!!";

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final Set<String> paths = new HashSet<>();
  private int inode;

  /** Adds a directory, and those above it, where they are not yet there. */
  CpioArchive directory(String path) {
    requireRelative(path);
    int slash = path.lastIndexOf('/');
    if (slash > 0) {
      directory(path.substring(0, slash));
    }
    if (paths.add(path)) {
      entry(path, DIRECTORY | 0755, 2, new byte[0]);
    }
    return this;
  }

  /** Adds a file, and the directories above it where they are not yet there. */
  CpioArchive file(String path, int permissions, byte[] content) {
    requireRelative(path);
    int slash = path.lastIndexOf('/');
    if (slash > 0) {
      directory(path.substring(0, slash));
    }
    if (!paths.add(path)) {
      throw new IllegalStateException("archive already holds " + path);
    }
    entry(path, REGULAR | permissions, 1, content);
    return this;
  }

  /** The archive as a whole, padded as the kernel's own tools do. */
  byte[] finish() {
    inode = -1;
    entry(TRAILER, 0, 1, new byte[0]);
    pad(512);
    return out.toByteArray();
  }

  private void entry(String path, int mode, int links, byte[] content) {
    inode++;
    byte[] name = path.getBytes(StandardCharsets.UTF_8);
    String header =
        "070701"
            + hex(inode)
            + hex(mode)
            + hex(0) // uid
            + hex(0) // gid
            + hex(links)
            + hex(0) // mtime
            + hex(content.length)
            + hex(0) // device major
            + hex(0) // device minor
            + hex(0) // special device major
            + hex(0) // special device minor
            + hex(name.length + 1)
            + hex(0); // checksum, unused in this form
    out.writeBytes(header.getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(name);
    out.write(0);
    pad(4);
    out.writeBytes(content);
    pad(4);
  }

  private void pad(int alignment) {
    while (out.size() % alignment != 0) {
      out.write(0);
    }
  }

  private static String hex(int value) {
    return String.format(Locale.ROOT, "%08X", value);
  }

  private static void requireRelative(String path) {
    if (path.isEmpty() || path.startsWith("/") || path.contains("..")) {
      throw new IllegalArgumentException("archive path is not relative: " + path);
    }
  }
}
