package dev.mayfly.api;

import java.util.regex.Pattern;

/**
 * Names a worker pool: hosts that place by one strategy. 1 to {@value #MAX_LENGTH} characters of
 * {@code [a-z0-9._-]}, the first a letter or digit.
 */
public record WorkerPoolName(String value) implements Comparable<WorkerPoolName> {
  public static final int MAX_LENGTH = 63;

  private static final Pattern FORM = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

  /** Whose a worker is that names none. */
  public static final WorkerPoolName DEFAULT = new WorkerPoolName("default");

  public WorkerPoolName {
    if (!FORM.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "must be 1 to "
              + MAX_LENGTH
              + " characters of a-z, 0-9, dot, underscore and hyphen, the first a letter or digit");
    }
  }

  @Override
  public int compareTo(WorkerPoolName other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
