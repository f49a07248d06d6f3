package dev.mayfly.core.job;

import static dev.mayfly.core.job.Examples.CI;
import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.Label;
import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.placement.Explanation;
import dev.mayfly.core.quota.PoolStrategy;
import dev.mayfly.core.quota.Project;
import dev.mayfly.core.quota.Quotas;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the stores of images, quotas and explanations keep. */
abstract class SettingStoreContract extends StoreFixture {
  @Test
  void anImageNameMoves() {
    Image image = Examples.image(NOON);
    assertThat(images.publish(image)).isEqualTo(image);
    assertThat(images.publish(Examples.image(NOON.plusSeconds(1)))).isEqualTo(image);
    Image moved = new Image(image.name(), Examples.OTHER_BUNDLE, "x86_64", 5, NOON.plusSeconds(2));
    assertThat(images.publish(moved)).isEqualTo(moved);
    assertThat(images.find(image.name())).contains(moved);
    assertThat(images.list("", 10)).containsExactly(moved);
    assertThat(images.list(image.name().value(), 10)).isEmpty();
    assertThat(images.find(new ImageRef("other:1"))).isEmpty();
  }

  @Test
  void withoutAnySettingNobodyIsCapped() {
    assertThat(quotas.quotas()).isEqualTo(Quotas.NONE);
  }

  @Test
  void quotasAreReplacedOneByOne() {
    Project ci = new Project(CI, 5, OptionalInt.of(10));
    Project docs = new Project(new ProjectName("docs"), Project.MAX_WEIGHT, OptionalInt.empty());
    WorkerPoolName pool = new WorkerPoolName("big");
    quotas.put(ci);
    quotas.put(docs);
    quotas.putMaxActive(OptionalInt.of(100));
    quotas.put(pool, PoolStrategy.PACK);
    quotas.put(WorkerPoolName.DEFAULT, PoolStrategy.SPREAD);
    assertThat(quotas.quotas())
        .isEqualTo(
            new Quotas(
                OptionalInt.of(100),
                Map.of(CI, ci, docs.name(), docs),
                Map.of(pool, PoolStrategy.PACK, WorkerPoolName.DEFAULT, PoolStrategy.SPREAD)));
    Project uncapped = new Project(CI, 1, OptionalInt.empty());
    quotas.put(uncapped);
    quotas.putMaxActive(OptionalInt.empty());
    quotas.put(pool, PoolStrategy.SPREAD);
    assertThat(quotas.quotas().project(CI)).isEqualTo(uncapped);
    assertThat(quotas.quotas().maxActive()).isEmpty();
    assertThat(quotas.quotas().strategy(pool)).isEqualTo(PoolStrategy.SPREAD);
  }

  @Test
  void explanationsAreReplacedAllAtOnce() {
    Explanation waits =
        new Explanation(
            NOON,
            false,
            List.of(
                new Explanation.Reason(
                    Explanation.Rule.BUSY, Optional.of("a"), 1, "needs 4096 MiB, 1024 free"),
                new Explanation.Reason(
                    Explanation.Rule.SILENT, Optional.empty(), 12, "not \"connected\" · ä"),
                new Explanation.Reason(
                    Explanation.Rule.PROJECT_CAP, Optional.empty(), 0, "project cap 10/10")));
    Explanation never = new Explanation(NOON.plusSeconds(1), true, List.of());
    String key = Examples.demand(Shape.DEFAULT, "gpu").key();
    explanations.replace(Map.of(key, waits, "gone", never));
    assertThat(explanations.find(List.of(key, "gone", "unknown")))
        .isEqualTo(Map.of(key, waits, "gone", never));
    assertThat(explanations.find(List.of("unknown"))).isEmpty();
    assertThat(explanations.find(List.of())).isEmpty();
    explanations.replace(Map.of(key, never));
    assertThat(explanations.find(List.of(key, "gone"))).isEqualTo(Map.of(key, never));
    explanations.replace(Map.of());
    assertThat(explanations.find(List.of(key))).isEmpty();
  }

  @Test
  void anExplanationOfEveryRuleAndOfTheLongestDemandIsStored() {
    Set<Label> labels =
        IntStream.range(0, Label.MAX_LABELS)
            .mapToObj(i -> new Label("l" + "x".repeat(Label.MAX_LENGTH - 3) + (i + 10)))
            .collect(Collectors.toSet());
    Demand longest =
        new Demand(
            new ProjectName("p".repeat(ProjectName.MAX_LENGTH)),
            Priority.URGENT,
            new ImageRef("i".repeat(ImageRef.MAX_LENGTH)),
            Optional.of(Examples.BUNDLE),
            "x86_64",
            Shape.DEFAULT,
            new TreeSet<>(labels));
    Explanation all =
        new Explanation(
            NOON,
            true,
            Stream.of(Explanation.Rule.values())
                .map(rule -> new Explanation.Reason(rule, Optional.of("w"), 1, rule.name()))
                .toList());
    explanations.replace(Map.of(longest.key(), all));
    assertThat(explanations.find(List.of(longest.key()))).isEqualTo(Map.of(longest.key(), all));
  }
}
