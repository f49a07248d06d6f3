package dev.mayfly.api;

import java.util.UUID;

/** What the typed ids share: strict parsing and unsigned order (java.util.UUID compares signed). */
final class Uuids {
  private static final int CANONICAL_LENGTH = 36;

  private Uuids() {}

  static UUID parse(String what, String text) {
    if (text.length() == CANONICAL_LENGTH) {
      try {
        return UUID.fromString(text);
      } catch (IllegalArgumentException invalid) {
        throw new IllegalArgumentException(what + " is not a UUID", invalid);
      }
    }
    throw new IllegalArgumentException(what + " is not a UUID");
  }

  static int compareUnsigned(UUID left, UUID right) {
    int high = Long.compareUnsigned(left.getMostSignificantBits(), right.getMostSignificantBits());
    return high != 0
        ? high
        : Long.compareUnsigned(left.getLeastSignificantBits(), right.getLeastSignificantBits());
  }
}
