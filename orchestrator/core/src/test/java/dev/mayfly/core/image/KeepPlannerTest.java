package dev.mayfly.core.image;

import static dev.mayfly.core.image.ImageStoresContract.digest;
import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.job.Examples;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class KeepPlannerTest {

  /** Of the default pool, x86_64, with {@link Examples#BUNDLE} ready. */
  private final Worker worker = Examples.worker("w", NOON);

  private static ImagePolicy policy(ImageRef name, boolean pinned, String... pools) {
    return new ImagePolicy(
        name,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        3,
        pinned,
        Set.copyOf(java.util.stream.Stream.of(pools).map(WorkerPoolName::new).toList()),
        Optional.empty(),
        Optional.empty());
  }

  private static WantedImage wanted(
      int number, boolean pinned, @Nullable Instant used, String... pools) {
    ImageRef name = new ImageRef("image:" + number);
    return new WantedImage(
        new Image(name, digest(number), "x86_64", 1, NOON),
        policy(name, pinned, pools),
        true,
        Optional.ofNullable(used));
  }

  @Test
  void pinnedComesBeforePrepulledBeforeWhatWasUsedLast() {
    KeepList list =
        KeepPlanner.plan(
            worker,
            List.of(
                wanted(1, false, NOON.minusSeconds(9)),
                wanted(2, false, NOON.minusSeconds(5)),
                wanted(3, false, null, "default"),
                wanted(4, true, NOON),
                wanted(5, false, null, "other"),
                wanted(6, false, NOON.minus(KeepPlanner.LATELY))),
            NOON);
    assertThat(list.bundles()).containsExactly(digest(4), digest(3), digest(2), digest(1));
    assertThat(list.pinned()).containsExactly(digest(4));
  }

  @Test
  void whatCannotBeHadIsNotAskedFor() {
    ImageRef name = new ImageRef("own:1");
    WantedImage foreign =
        new WantedImage(
            new Image(name, digest(1), "aarch64", 1, NOON),
            policy(name, true),
            true,
            Optional.of(NOON));
    WantedImage nowhere =
        new WantedImage(
            new Image(name, digest(2), "x86_64", 1, NOON),
            policy(name, true),
            false,
            Optional.of(NOON));
    WantedImage held =
        new WantedImage(
            new Image(name, Examples.BUNDLE, "x86_64", 1, NOON),
            policy(name, true),
            false,
            Optional.of(NOON));
    KeepList list = KeepPlanner.plan(worker, List.of(foreign, nowhere, held), NOON);
    assertThat(list).isEqualTo(new KeepList(List.of(Examples.BUNDLE), Set.of(Examples.BUNDLE)));
  }

  @Test
  void theListIsBounded() {
    List<WantedImage> many = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      many.add(wanted(i, i % 2 == 0, NOON.minus(Duration.ofSeconds(i))));
    }
    KeepList pinned = KeepPlanner.plan(worker, many, NOON);
    assertThat(pinned.bundles()).hasSize(1000 + KeepPlanner.MAX_USED_LATELY / 2);
    many.replaceAll(each -> wanted(each.image().hashCode() & 0xfffffff, true, NOON));
    KeepList full = KeepPlanner.plan(worker, many, NOON);
    assertThat(full.bundles()).hasSize(KeepPlanner.MAX_BUNDLES);
    assertThat(full.pinned()).hasSize(KeepPlanner.MAX_BUNDLES);
  }
}
