package dev.mayfly.api;

import java.util.regex.Pattern;

/**
 * The name and tag a user asks for, such as {@code debian:12}; what it points to may move, unless
 * it names a digest. At most {@value #MAX_LENGTH} characters, in the grammar of OCI references
 * ({@code [registry/]path[:tag][@sha256:hex]}).
 */
public record ImageRef(String value) {
  public static final int MAX_LENGTH = 255;

  private static final Pattern GRAMMAR =
      Pattern.compile(
          "[a-z0-9]+(?:[._:-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(?:@sha256:[0-9a-f]{64})?");

  public ImageRef {
    if (value.isEmpty() || value.length() > MAX_LENGTH || !GRAMMAR.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "image is not a valid name: use name[:tag] in lower case, at most "
              + MAX_LENGTH
              + " characters, for example debian:12");
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
