package dev.mayfly.api;

/**
 * The number of a lease, from 1; whatever carries an older one than the current is refused
 * (fencing).
 */
public record LeaseEpoch(long value) implements Comparable<LeaseEpoch> {

  public LeaseEpoch {
    if (value < 1) {
      throw new IllegalArgumentException("lease epoch is " + value + ", must be at least 1");
    }
  }

  public LeaseEpoch next() {
    return new LeaseEpoch(value + 1);
  }

  @Override
  public int compareTo(LeaseEpoch other) {
    return Long.compare(value, other.value);
  }
}
