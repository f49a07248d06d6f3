package dev.mayfly.worker.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/**
 * Copies a file without copying what can be shared or is not there: a reflink where the file system
 * has them, else only the parts that hold data.
 */
public final class SparseCopy {
  /** {@code FICLONE}, {@code SEEK_DATA} and {@code SEEK_HOLE} of linux/fs.h. */
  private static final long FICLONE = 0x40049409L;

  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;

  private static final int BUFFER_BYTES = 1 << 20;

  private SparseCopy() {}

  /** How a file was copied. */
  public enum Method {
    /** All blocks are shared until written to. */
    REFLINK,
    /** Data was copied inside the kernel, holes stayed holes. */
    KERNEL,
    /** Data was read and written, holes stayed holes. */
    READ_WRITE
  }

  /**
   * Copies to a file that does not exist, mode 0600. On failure nothing of it is left.
   *
   * @return how it was done
   */
  public static Method copy(Path source, Path target) throws IOException {
    Files.createFile(
        target, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    boolean complete = false;
    LibC library = LibC.load();
    try (OpenFile in = OpenFile.open(library, source, OpenFile.O_RDONLY, 0);
        OpenFile out = OpenFile.open(library, target, OpenFile.O_RDWR, 0)) {
      Method method = copy(library, in, out, source, target);
      complete = true;
      return method;
    } finally {
      if (!complete) {
        Files.deleteIfExists(target);
      }
    }
  }

  private static Method copy(LibC library, OpenFile in, OpenFile out, Path source, Path target)
      throws IOException {
    if (library.ioctl(out.descriptor(), FICLONE, in.descriptor()) == 0) {
      return Method.REFLINK;
    }
    long size = Files.size(source);
    if (library.ftruncate(out.descriptor(), size) < 0) {
      throw SystemCallException.last(library, "ftruncate " + target);
    }
    Method method = Method.KERNEL;
    long data = seek(library, in, 0, SEEK_DATA, size);
    while (data < size) {
      long hole = seek(library, in, data, SEEK_HOLE, size);
      if (method == Method.KERNEL && !copyRange(library, in, out, data, hole - data)) {
        method = Method.READ_WRITE;
      }
      if (method == Method.READ_WRITE) {
        readWrite(source, target, data, hole);
      }
      data = seek(library, in, hole, SEEK_DATA, size);
    }
    return method;
  }

  /** Where the next data or hole begins; the size when there is none. */
  private static long seek(LibC library, OpenFile in, long from, int whence, long size)
      throws SystemCallException {
    long found = library.lseek(in.descriptor(), from, whence);
    if (found >= 0) {
      return Math.min(found, size);
    }
    SystemCallException failed = SystemCallException.last(library, "lseek");
    return switch (failed.errno()) {
      case SystemCallException.ENXIO -> size;
      // A file system that does not know holes: all of it is data.
      case SystemCallException.EINVAL -> whence == SEEK_DATA ? from : size;
      default -> throw failed;
    };
  }

  /**
   * @return false when the kernel cannot do it between these files
   */
  private static boolean copyRange(LibC library, OpenFile in, OpenFile out, long from, long length)
      throws SystemCallException {
    Runtime runtime = Runtime.getRuntime(library);
    Pointer offsets = Memory.allocateDirect(runtime, 16);
    offsets.putLong(0, from);
    offsets.putLong(8, from);
    long remaining = length;
    while (remaining > 0) {
      long copied =
          library.copy_file_range(
              in.descriptor(), offsets, out.descriptor(), offsets.slice(8), remaining, 0);
      if (copied == 0) {
        throw new IllegalStateException("the source became shorter");
      }
      if (copied < 0) {
        SystemCallException failed = SystemCallException.last(library, "copy_file_range");
        switch (failed.errno()) {
          case SystemCallException.EXDEV,
              SystemCallException.EINVAL,
              SystemCallException.ENOSYS,
              SystemCallException.EPERM,
              SystemCallException.EOPNOTSUPP -> {
            return false;
          }
          default -> throw failed;
        }
      }
      remaining -= copied;
    }
    return true;
  }

  static void readWrite(Path source, Path target, long from, long to) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    try (FileChannel in = FileChannel.open(source, StandardOpenOption.READ);
        FileChannel out = FileChannel.open(target, StandardOpenOption.WRITE)) {
      long at = from;
      while (at < to) {
        buffer.clear().limit((int) Math.min(BUFFER_BYTES, to - at));
        int read = in.read(buffer, at);
        if (read < 0) {
          throw new IOException(source + " became shorter while it was copied");
        }
        buffer.flip();
        while (buffer.hasRemaining()) {
          at += out.write(buffer, at);
        }
      }
    }
  }
}
