package dev.mayfly.api;

import java.util.regex.Pattern;

/**
 * What a worker can be selected by, for example {@code gpu} or {@code zone=north}. 1 to {@value
 * #MAX_LENGTH} characters of {@code [a-z0-9._=-]}, the first a letter or digit. A job runs only
 * where all of its labels are.
 */
public record Label(String value) implements Comparable<Label> {
  public static final int MAX_LENGTH = 63;

  /** More than this on one worker or one job is a mistake. */
  public static final int MAX_LABELS = 64;

  private static final Pattern FORM = Pattern.compile("[a-z0-9][a-z0-9._=-]{0,62}");

  public Label {
    if (!FORM.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "must be 1 to "
              + MAX_LENGTH
              + " characters of a-z, 0-9, dot, underscore, hyphen and equals sign, the first a letter or digit");
    }
  }

  @Override
  public int compareTo(Label other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
