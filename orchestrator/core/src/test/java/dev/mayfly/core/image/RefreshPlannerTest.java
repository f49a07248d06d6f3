package dev.mayfly.core.image;

import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.ImageRef;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RefreshPlannerTest {

  /** The next full hour, whatever is written. */
  private static final RefreshPlanner.Schedule HOURLY =
      (_, after) -> Optional.of(after.truncatedTo(ChronoUnit.HOURS).plus(Duration.ofHours(1)));

  private static final Instant ONE = NOON.truncatedTo(ChronoUnit.HOURS).plusSeconds(3600);

  private static ImagePolicy policy(
      @Nullable String cron, @Nullable Duration watch, @Nullable Instant last) {
    return new ImagePolicy(
        new ImageRef("maven:3"),
        Optional.of("registry:maven:3"),
        Optional.empty(),
        Optional.ofNullable(cron),
        Optional.ofNullable(watch),
        3,
        false,
        Set.of(),
        Optional.ofNullable(last),
        Optional.ofNullable(last));
  }

  private static Optional<PublicationCause> due(ImagePolicy policy, Instant now) {
    return RefreshPlanner.due(policy, Optional.of(NOON), HOURLY, now);
  }

  @Test
  void aScheduleIsDueAtItsTimeAndTheNamesOwnDelay() {
    ImagePolicy hourly = policy("hourly", null, null);
    Instant time = ONE.plus(RefreshPlanner.delay(hourly));
    assertThat(RefreshPlanner.delay(hourly)).isBetween(Duration.ZERO, RefreshPlanner.SPREAD);
    assertThat(due(hourly, time.minusMillis(1))).isEmpty();
    assertThat(due(hourly, time)).contains(PublicationCause.SCHEDULED);
    assertThat(due(policy("hourly", null, time), time.plusSeconds(60))).isEmpty();
  }

  @Test
  void whatWasMissedIsDueOnce() {
    Instant late = ONE.plus(Duration.ofDays(3));
    assertThat(due(policy("hourly", null, NOON), late)).contains(PublicationCause.SCHEDULED);
    assertThat(due(policy("hourly", null, late), late.plusSeconds(1))).isEmpty();
  }

  @Test
  void upstreamIsAskedAsOftenAsThePolicySays() {
    Duration tenMinutes = Duration.ofMinutes(10);
    ImagePolicy watched = policy(null, tenMinutes, NOON);
    assertThat(due(watched, NOON.plus(tenMinutes).minusMillis(1))).isEmpty();
    assertThat(due(watched, NOON.plus(tenMinutes))).contains(PublicationCause.UPSTREAM_MOVED);
  }

  @Test
  void aScheduleGoesBeforeAQuestion() {
    assertThat(due(policy("hourly", Duration.ofMinutes(1), NOON), ONE.plusSeconds(301)))
        .contains(PublicationCause.SCHEDULED);
  }

  @Test
  void aNameThatPointsNowhereIsDueAtOnceAndOneThatNobodyRefreshesNever() {
    assertThat(RefreshPlanner.due(policy("hourly", null, null), Optional.empty(), HOURLY, NOON))
        .contains(PublicationCause.SCHEDULED);
    assertThat(
            RefreshPlanner.due(
                ImagePolicy.of(new ImageRef("maven:3")), Optional.empty(), HOURLY, NOON))
        .isEmpty();
  }
}
