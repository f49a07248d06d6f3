package dev.mayfly.worker.linux;

import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;
import jnr.ffi.annotations.SaveError;
import jnr.ffi.annotations.Variadic;
import jnr.ffi.types.off_t;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;
import org.jspecify.annotations.Nullable;

/** The functions of the C library that the worker calls. Public only because jnr-ffi needs it. */
public interface LibC {
  /** The loaded library; loading takes about 0.4 s, once. */
  static LibC load() {
    return Loaded.LIBRARY;
  }

  @SaveError
  @Variadic(fixedCount = 2)
  int open(String path, int flags, int mode);

  @SaveError
  int close(int descriptor);

  @SaveError
  @Variadic(fixedCount = 2)
  int ioctl(int descriptor, long request, long argument);

  @SaveError
  @off_t
  long lseek(int descriptor, @off_t long offset, int whence);

  @SaveError
  int ftruncate(int descriptor, @off_t long length);

  @SaveError
  @ssize_t
  long copy_file_range(
      int in, Pointer inOffset, int out, Pointer outOffset, @size_t long length, int flags);

  /** For calls that the C library of Debian 12 may not wrap. */
  @SaveError
  @Variadic(fixedCount = 1)
  long syscall(long number, long first, long second, long third, long fourth);

  /**
   * @param address null: anywhere
   * @return address -1 when refused
   */
  Pointer mmap(
      @Nullable Pointer address,
      @size_t long length,
      int protection,
      int flags,
      int descriptor,
      @off_t long offset);

  int mprotect(Pointer address, @size_t long length, int protection);

  int munmap(Pointer address, @size_t long length);

  int kill(int pid, int signal);

  int getuid();

  /** The holder loads the library when it is first wanted. */
  final class Loaded {
    private static final LibC LIBRARY =
        LibraryLoader.create(LibC.class).failImmediately().load("c");

    private Loaded() {}
  }
}
