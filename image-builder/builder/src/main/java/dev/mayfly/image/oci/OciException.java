package dev.mayfly.image.oci;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * An image cannot be had. The message is for the person who named it: what was asked for, what is
 * wrong with it, and what to do.
 */
public final class OciException extends IOException {
  private static final long serialVersionUID = 1L;

  private final boolean outside;

  private OciException(String message, boolean outside, @Nullable Throwable cause) {
    super(message, cause);
    this.outside = outside;
  }

  /** The image, or what was said of it, is wrong: a later try ends alike. */
  public static OciException wrong(String message) {
    return new OciException(message, false, null);
  }

  /** The image, or what was said of it, is wrong: a later try ends alike. */
  public static OciException wrong(String message, Throwable cause) {
    return new OciException(message, false, cause);
  }

  /** A registry or the way to it is in trouble: a later try may succeed. */
  public static OciException outside(String message) {
    return new OciException(message, true, null);
  }

  /** A registry or the way to it is in trouble: a later try may succeed. */
  public static OciException outside(String message, @Nullable Throwable cause) {
    return new OciException(message, true, cause);
  }

  /** Whether something outside is in trouble, and not the image itself. */
  public boolean isOutside() {
    return outside;
  }
}
