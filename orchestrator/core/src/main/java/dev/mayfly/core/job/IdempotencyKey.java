package dev.mayfly.core.job;

import java.util.regex.Pattern;

/**
 * Makes a submission safe to repeat.
 *
 * @param value chosen by the submitter: 1 to {@value #MAX_LENGTH} printable ASCII characters
 * @param fingerprint SHA-256 over what was asked, in hexadecimal; tells a repetition from a
 *     different request under the same key
 */
public record IdempotencyKey(String value, String fingerprint) {
  public static final int MAX_LENGTH = 200;
  private static final Pattern FORM = Pattern.compile("[\\x20-\\x7e]{1," + MAX_LENGTH + "}");

  public IdempotencyKey {
    if (!valid(value)) {
      throw new IllegalArgumentException("idempotency key is not valid");
    }
  }

  public static boolean valid(String value) {
    return FORM.matcher(value).matches();
  }
}
