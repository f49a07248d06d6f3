package dev.mayfly.core.image;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerPoolName;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/**
 * How a name is kept. A name may have one before it points anywhere.
 *
 * @param source what it is built of, in the one-line form of an image source; empty: it is
 *     published from outside
 * @param kernel {@code stock} or {@code minimal}; empty: the builder's default
 * @param refreshCron when it is built again, in Quartz's form; empty: never by schedule
 * @param watch how often upstream is asked whether the tag moved; empty: never
 * @param keep how many versions are kept, the present one included
 * @param pinned workers have it at once and never remove it to make room
 * @param prepullPools worker pools whose workers fetch each new version at once
 * @param lastWatchedAt when upstream was asked last
 * @param lastRefreshedAt when it was built again last
 */
public record ImagePolicy(
    ImageRef image,
    Optional<String> source,
    Optional<String> kernel,
    Optional<String> refreshCron,
    Optional<Duration> watch,
    int keep,
    boolean pinned,
    Set<WorkerPoolName> prepullPools,
    Optional<Instant> lastWatchedAt,
    Optional<Instant> lastRefreshedAt) {
  public static final int DEFAULT_KEEP = 3;
  public static final int MAX_KEEP = 100;
  public static final Duration SHORTEST_WATCH = Duration.ofMinutes(1);
  public static final Duration LONGEST_WATCH = Duration.ofDays(7);

  public ImagePolicy {
    if (keep < 1 || keep > MAX_KEEP) {
      throw new IllegalArgumentException("keep is not 1 to " + MAX_KEEP);
    }
    if (watch.isPresent()
        && (watch.get().compareTo(SHORTEST_WATCH) < 0
            || watch.get().compareTo(LONGEST_WATCH) > 0)) {
      throw new IllegalArgumentException("watch is not between a minute and a week");
    }
    if (kernel.isPresent() && !Set.of("stock", "minimal").contains(kernel.get())) {
      throw new IllegalArgumentException("kernel is neither stock nor minimal");
    }
    prepullPools = Set.copyOf(prepullPools);
  }

  /** What a name has of which nobody said how it is kept. */
  public static ImagePolicy of(ImageRef image) {
    return new ImagePolicy(
        image,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        DEFAULT_KEEP,
        false,
        Set.of(),
        Optional.empty(),
        Optional.empty());
  }
}
