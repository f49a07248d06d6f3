package dev.mayfly.worker.core.log;

/**
 * How far the raw output of one stream of an exec is in the log for good.
 *
 * @param safe the guest may forget every byte before this offset
 * @param maskedUntil bytes before this offset, as far as they are not safe yet, are part of a
 *     secret whose mask is in the log already
 */
public record RawProgress(long safe, long maskedUntil) {
  /** Nothing yet. */
  public static final RawProgress NONE = new RawProgress(0, 0);

  public RawProgress {
    if (safe < 0 || maskedUntil < safe) {
      throw new IllegalArgumentException("progress " + safe + " to " + maskedUntil);
    }
  }

  /** The further one of two. */
  public RawProgress orFurther(RawProgress other) {
    return other.safe > safe || (other.safe == safe && other.maskedUntil > maskedUntil)
        ? other
        : this;
  }
}
