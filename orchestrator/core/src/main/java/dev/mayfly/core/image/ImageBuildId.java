package dev.mayfly.core.image;

import java.util.UUID;

/** Names a build of an image; its order is the order in which builds were asked for. */
public record ImageBuildId(UUID value) implements Comparable<ImageBuildId> {
  private static final int MILLIS_BITS = 16;
  private static final long VERSION = 0x7000;
  private static final long VARIANT = 0x8000_0000_0000_0000L;
  private static final long LOW = 0x3fff_ffff_ffff_ffffL;
  private static final long RANDOM_HIGH = 0xfff;

  /**
   * A UUID of version 7.
   *
   * @param epochMillis when it was asked for
   * @param random tells it from others of the same millisecond
   */
  public static ImageBuildId of(long epochMillis, UUID random) {
    long high =
        (epochMillis << MILLIS_BITS) | VERSION | (random.getMostSignificantBits() & RANDOM_HIGH);
    return new ImageBuildId(new UUID(high, VARIANT | (random.getLeastSignificantBits() & LOW)));
  }

  /**
   * @throws IllegalArgumentException when the text is not a UUID as it is printed
   */
  public static ImageBuildId parse(String text) {
    UUID value = UUID.fromString(text);
    if (!value.toString().equals(text)) {
      throw new IllegalArgumentException("build id is not a UUID in lower case");
    }
    return new ImageBuildId(value);
  }

  @Override
  public int compareTo(ImageBuildId other) {
    int high =
        Long.compareUnsigned(value.getMostSignificantBits(), other.value.getMostSignificantBits());
    return high != 0
        ? high
        : Long.compareUnsigned(
            value.getLeastSignificantBits(), other.value.getLeastSignificantBits());
  }

  @Override
  public String toString() {
    return value.toString();
  }
}
