package dev.mayfly.client;

import java.util.UUID;

/**
 * Names one submission: the same key never makes two jobs.
 *
 * @param value 1 to {@value #MAX_LENGTH} printable ASCII characters
 */
public record IdempotencyKey(String value) {
  public static final int MAX_LENGTH = 200;

  public IdempotencyKey {
    boolean printable = value.chars().allMatch(c -> c >= 0x20 && c < 0x7f);
    if (value.isBlank()
        || value.length() > MAX_LENGTH
        || !printable
        || !value.equals(value.strip())) {
      throw new IllegalArgumentException(
          "an idempotency key is 1 to "
              + MAX_LENGTH
              + " printable ASCII characters without blanks at its ends");
    }
  }

  public static IdempotencyKey random() {
    return new IdempotencyKey(UUID.randomUUID().toString());
  }
}
