package dev.mayfly.api;

import java.util.regex.Pattern;

/**
 * Names one immutable boot bundle by its content: {@code sha256:} and 64 lower-case hexadecimal
 * digits.
 */
public record BundleDigest(String value) {
  private static final Pattern FORM = Pattern.compile("sha256:[0-9a-f]{64}");

  public BundleDigest {
    if (!FORM.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "digest is not sha256: and 64 lower-case hexadecimal digits");
    }
  }

  /** The 64 digits alone, as used in directory names. */
  public String hex() {
    return value.substring("sha256:".length());
  }

  @Override
  public String toString() {
    return value;
  }
}
