package dev.mayfly.api;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A shape written as a label, for callers that can say nothing but labels: {@code mayfly-4cpu-8gb},
 * with a scratch disk {@code mayfly-4cpu-8gb-40gb}. A gb is 1024 MiB.
 */
public final class SizeLabel {
  private static final int MIB_PER_GIB = 1024;
  private static final Pattern FORM =
      Pattern.compile("mayfly-(\\d{1,4})cpu-(\\d{1,5})gb(?:-(\\d{1,5})gb)?");

  private SizeLabel() {}

  /**
   * Reads a label as a shape; empty when it does not have this form.
   *
   * @throws IllegalArgumentException when it has, but no microVM can be of that size
   */
  public static Optional<Shape> shape(String label) {
    Matcher matcher = FORM.matcher(label);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String scratch = matcher.group(3);
    return Optional.of(
        new Shape(
            Integer.parseInt(matcher.group(1)),
            Integer.parseInt(matcher.group(2)) * MIB_PER_GIB,
            scratch == null
                ? Shape.DEFAULT.scratchMib()
                : Integer.parseInt(scratch) * MIB_PER_GIB));
  }
}
