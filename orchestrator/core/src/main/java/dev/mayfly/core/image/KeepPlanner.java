package dev.mayfly.core.image;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.core.fleet.Worker;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Chooses what a worker should have ready: what is pinned, then what its pool fetches at once, then
 * what jobs used lately, the last used first. What it can neither fetch nor has is not on the list.
 */
public final class KeepPlanner {

  /** Over a weekend. */
  public static final Duration LATELY = Duration.ofDays(4);

  /**
   * So many images of 100 MiB are some GiB; who needs more of them has them pinned or prepulled.
   */
  public static final int MAX_USED_LATELY = 32;

  /** What the wire takes. */
  public static final int MAX_BUNDLES = 1024;

  private KeepPlanner() {}

  /** The list for one worker. */
  public static KeepList plan(Worker worker, List<WantedImage> images, Instant now) {
    List<WantedImage> possible =
        images.stream()
            .filter(wanted -> wanted.image().architecture().equals(worker.architecture()))
            .filter(
                wanted -> wanted.servable() || worker.bundles().contains(wanted.image().bundle()))
            .toList();
    Predicate<WantedImage> pinned = wanted -> wanted.policy().pinned();
    Predicate<WantedImage> prepulled =
        wanted -> wanted.policy().prepullPools().contains(worker.pool());
    Set<BundleDigest> bundles = new LinkedHashSet<>();
    Stream.of(
            possible.stream().filter(pinned),
            possible.stream().filter(prepulled),
            usedLately(possible, now))
        .flatMap(part -> part)
        .map(wanted -> wanted.image().bundle())
        .takeWhile(bundle -> bundles.size() < MAX_BUNDLES)
        .forEach(bundles::add);
    Set<BundleDigest> kept = new HashSet<>();
    possible.stream().filter(pinned).map(wanted -> wanted.image().bundle()).forEach(kept::add);
    kept.retainAll(bundles);
    return new KeepList(List.copyOf(bundles), kept);
  }

  private static Stream<WantedImage> usedLately(List<WantedImage> images, Instant now) {
    return images.stream()
        .filter(wanted -> wanted.lastUsed().filter(now.minus(LATELY)::isBefore).isPresent())
        .sorted(
            Comparator.comparing((WantedImage wanted) -> wanted.lastUsed().orElseThrow())
                .reversed())
        .limit(MAX_USED_LATELY);
  }
}
