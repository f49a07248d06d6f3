package dev.mayfly.api;

import java.util.regex.Pattern;

/**
 * Names one file of a boot bundle by its content: {@code sha256:} and 64 lower-case hexadecimal
 * digits. What bundles have in common is one blob.
 */
public record BlobDigest(String value) {
  private static final Pattern FORM = Pattern.compile("sha256:[0-9a-f]{64}");

  public BlobDigest {
    if (!FORM.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "digest is not sha256: and 64 lower-case hexadecimal digits");
    }
  }

  /** The 64 digits alone, as used in file names. */
  public String hex() {
    return value.substring("sha256:".length());
  }

  @Override
  public String toString() {
    return value;
  }
}
