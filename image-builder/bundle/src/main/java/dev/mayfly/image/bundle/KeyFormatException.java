package dev.mayfly.image.bundle;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A key file is not what it should be; the message names the file and what to do, never a key. */
public final class KeyFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  KeyFormatException(Path file, String problem, @Nullable Throwable cause) {
    super(file + " " + problem, cause);
  }
}
