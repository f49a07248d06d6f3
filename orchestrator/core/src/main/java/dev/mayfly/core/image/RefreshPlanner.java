package dev.mayfly.core.image;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Says which refresh of an image is due by its policy. Pure.
 *
 * <p>Nothing is remembered but when each was done last, so a time that was missed, because nobody
 * ran then, is due as soon as somebody runs, once.
 */
public final class RefreshPlanner {

  /** Names of one schedule do not begin at one instant: each has its place within this. */
  static final Duration SPREAD = Duration.ofMinutes(5);

  /** Port: knows when a schedule's time comes. Pure. */
  @FunctionalInterface
  public interface Schedule {

    /** The first time after an instant; empty: it never comes, or is no schedule. */
    Optional<Instant> next(String cron, Instant after);
  }

  private RefreshPlanner() {}

  /**
   * Why the image is to be built now: SCHEDULED or UPSTREAM_MOVED; empty: it is not.
   *
   * @param known when the name began to point somewhere; empty: it points nowhere
   */
  public static Optional<PublicationCause> due(
      ImagePolicy policy, Optional<Instant> known, Schedule schedule, Instant now) {
    // A policy that was never followed counts from when the name began to point somewhere; one of a
    // name that points nowhere is due at once.
    Instant since = policy.lastRefreshedAt().or(() -> known).orElse(Instant.EPOCH);
    if (policy.refreshCron().isPresent()
        && schedule
            .next(policy.refreshCron().get(), since)
            .filter(time -> !now.isBefore(time.plus(delay(policy))))
            .isPresent()) {
      return Optional.of(PublicationCause.SCHEDULED);
    }
    Instant asked = policy.lastWatchedAt().orElse(since);
    boolean watched = policy.watch().isPresent() && !now.isBefore(asked.plus(policy.watch().get()));
    return watched ? Optional.of(PublicationCause.UPSTREAM_MOVED) : Optional.empty();
  }

  /** Always the same for a name. */
  static Duration delay(ImagePolicy policy) {
    return Duration.ofSeconds(Math.floorMod(policy.image().value().hashCode(), SPREAD.toSeconds()));
  }
}
