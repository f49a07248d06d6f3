package dev.mayfly.worker.linux;

import java.nio.file.Path;

/** An open file of our own; closing it twice is harmless. */
final class OpenFile implements AutoCloseable {
  static final int O_RDONLY = 0;
  static final int O_WRONLY = 1;
  static final int O_RDWR = 2;
  static final int O_CREAT = 0x40;
  static final int O_EXCL = 0x80;
  static final int O_CLOEXEC = 0x80000;

  private final LibC library;
  private int descriptor;

  private OpenFile(LibC library, int descriptor) {
    this.library = library;
    this.descriptor = descriptor;
  }

  static OpenFile open(LibC library, Path path, int flags, int mode) throws SystemCallException {
    int descriptor = library.open(path.toString(), flags | O_CLOEXEC, mode);
    if (descriptor < 0) {
      throw SystemCallException.last(library, "open " + path);
    }
    return new OpenFile(library, descriptor);
  }

  int descriptor() {
    return descriptor;
  }

  @Override
  public void close() {
    if (descriptor >= 0) {
      library.close(descriptor);
      descriptor = -1;
    }
  }
}
