package dev.mayfly.client;

import java.time.Duration;

/**
 * How long the client waits.
 *
 * @param connect until a connection is made
 * @param read until the next byte of an answer arrives
 * @param call all of one call with its retries
 * @param silence until the next byte of a followed log arrives; the server sends a comment line
 *     every 15 s
 * @param patience how long a follower tries to get back to an orchestrator that is gone
 */
public record Timeouts(
    Duration connect, Duration read, Duration call, Duration silence, Duration patience) {

  /** Three keep-alives may be lost; an orchestrator may take two minutes to come back. */
  public static final Timeouts DEFAULT =
      new Timeouts(
          Duration.ofSeconds(5),
          Duration.ofSeconds(30),
          Duration.ofSeconds(60),
          Duration.ofSeconds(50),
          Duration.ofMinutes(2));

  public Timeouts {
    for (Duration each : new Duration[] {connect, read, call, silence, patience}) {
      if (each.isNegative() || each.isZero() || each.compareTo(Duration.ofDays(1)) > 0) {
        throw new IllegalArgumentException("a timeout must be more than 0 and at most a day");
      }
    }
  }

  public Timeouts withSilence(Duration changed) {
    return new Timeouts(connect, read, call, changed, patience);
  }

  public Timeouts withPatience(Duration changed) {
    return new Timeouts(connect, read, call, silence, changed);
  }
}
