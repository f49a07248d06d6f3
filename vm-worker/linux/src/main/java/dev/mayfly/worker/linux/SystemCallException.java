package dev.mayfly.worker.linux;

import java.io.IOException;
import jnr.ffi.LastError;
import jnr.ffi.Runtime;

/** A system call failed. */
public final class SystemCallException extends IOException {
  private static final long serialVersionUID = 1L;

  static final int ESRCH = 3;
  static final int EACCES = 13;
  static final int ENODEV = 19;
  static final int ENXIO = 6;
  static final int ENOENT = 2;
  static final int EPERM = 1;
  static final int EXDEV = 18;
  static final int EINVAL = 22;
  static final int ENOTTY = 25;
  static final int ENOSYS = 38;
  static final int EOPNOTSUPP = 95;

  private final int errno;

  private SystemCallException(String call, int errno) {
    super(call + ": " + name(errno));
    this.errno = errno;
  }

  /** Of the call that this thread has just made. */
  static SystemCallException last(LibC library, String call) {
    return new SystemCallException(call, LastError.getLastError(Runtime.getRuntime(library)));
  }

  public int errno() {
    return errno;
  }

  private static String name(int errno) {
    return switch (errno) {
      case EPERM -> "operation not permitted";
      case ENOENT -> "no such file or directory";
      case ESRCH -> "no such process";
      case ENXIO -> "no such device or address";
      case EACCES -> "permission denied";
      case EXDEV -> "another file system";
      case ENODEV -> "no such device";
      case EINVAL -> "invalid argument";
      case ENOTTY -> "not a device that knows this request";
      case ENOSYS -> "not in this kernel";
      case EOPNOTSUPP -> "not supported";
      default -> "errno " + errno;
    };
  }
}
