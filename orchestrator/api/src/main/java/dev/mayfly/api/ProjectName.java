package dev.mayfly.api;

import java.util.regex.Pattern;

/**
 * Names a project: whose jobs share a cap and a weight. 1 to {@value #MAX_LENGTH} characters of
 * {@code [a-z0-9._-]}, the first a letter or digit.
 */
public record ProjectName(String value) implements Comparable<ProjectName> {
  public static final int MAX_LENGTH = 63;

  private static final Pattern FORM = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

  /** Whose a job is that names none. */
  public static final ProjectName DEFAULT = new ProjectName("default");

  public ProjectName {
    if (!FORM.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "must be 1 to "
              + MAX_LENGTH
              + " characters of a-z, 0-9, dot, underscore and hyphen, the first a letter or digit");
    }
  }

  @Override
  public int compareTo(ProjectName other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
