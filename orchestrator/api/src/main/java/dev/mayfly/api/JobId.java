package dev.mayfly.api;

import java.util.UUID;

/**
 * Names one job for ever. A UUID of version 7 when the orchestrator makes it, so that ids sort by
 * the time of submission.
 */
public record JobId(UUID value) implements Comparable<JobId> {

  /**
   * Reads the canonical text form.
   *
   * @throws IllegalArgumentException when the text is not a UUID; the message says so
   */
  public static JobId parse(String text) {
    return new JobId(Uuids.parse("job id", text));
  }

  @Override
  public int compareTo(JobId other) {
    return Uuids.compareUnsigned(value, other.value);
  }

  @Override
  public String toString() {
    return value.toString();
  }
}
