package dev.mayfly.image.bundle;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A manifest or {@code names.json} is not what its format says; the message names the member. */
public class BundleFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  BundleFormatException(String message) {
    this(message, null);
  }

  BundleFormatException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
