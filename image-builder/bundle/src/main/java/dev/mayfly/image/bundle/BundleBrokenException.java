package dev.mayfly.image.bundle;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A file of a bundle is missing or is not what the bundle's digest promises; nothing may boot from
 * it. A person removes the bundle and builds it again.
 */
public final class BundleBrokenException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String file;

  BundleBrokenException(Path file, String expected, String actual) {
    super("boot bundle is broken: " + file + " is " + actual + ", but should be " + expected);
    this.file = file.toString();
  }

  /** The file that is wrong. */
  public Path file() {
    return Path.of(file);
  }
}
