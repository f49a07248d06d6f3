package dev.mayfly.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.api.rest.ImagePolicyChange;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.core.image.ImagePolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImagePolicyCheckTest {
  private static final ImageRef NAME = new ImageRef("maven:3");

  private final List<Problem.FieldError> errors = new ArrayList<>();
  private final ImagePolicyCheck check =
      new ImagePolicyCheck(
          cron -> cron.startsWith("0") ? Optional.empty() : Optional.of("is no schedule"));

  private @Nullable ImagePolicy check(ImagePolicyChange change) {
    return check.policy(NAME, change, errors);
  }

  private List<String> fields() {
    return errors.stream().map(Problem.FieldError::field).toList();
  }

  @Test
  void whatIsLeftOutIsTheDefault() {
    assertThat(check(new ImagePolicyChange(null, null, null, null, null, null, null)))
        .isEqualTo(ImagePolicy.of(NAME));
  }

  @Test
  void everyMemberIsTaken() {
    assertThat(
            check(
                new ImagePolicyChange(
                    "registry:maven:3", "minimal", "0 0 3 * * ?", 60, 100, true, List.of("fast"))))
        .isEqualTo(
            new ImagePolicy(
                NAME,
                Optional.of("registry:maven:3"),
                Optional.of("minimal"),
                Optional.of("0 0 3 * * ?"),
                Optional.of(Duration.ofMinutes(1)),
                100,
                true,
                Set.of(new WorkerPoolName("fast")),
                Optional.empty(),
                Optional.empty()));
  }

  @Test
  void everyWrongMemberIsNamed() {
    assertThat(
            check(
                new ImagePolicyChange(
                    "dockerfile:.", "other", "daily", 59, 101, true, List.of("fast", "NO/pool"))))
        .isNull();
    assertThat(fields())
        .containsExactlyInAnyOrder(
            "source",
            "kernel",
            "refreshCron",
            "watchSeconds",
            "watchSeconds",
            "keep",
            "prepullPools[1]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"maven:3", "registry:", "registry:a b", "registry:a\nb", "oci:/x", "tar:f", ""})
  void onlyWhatAWorkerCanBuildIsASource(String source) {
    assertThat(check(new ImagePolicyChange(source, null, null, null, null, null, null))).isNull();
    assertThat(fields()).containsExactly("source");
  }

  @Test
  void whatHasNoSourceIsBuiltFromItsOwnName() {
    assertThat(check(new ImagePolicyChange(null, null, null, 60, null, null, null))).isNotNull();
    assertThat(fields()).isEmpty();
  }

  @Test
  void toWatchTakesARegistry() {
    assertThat(check(new ImagePolicyChange("recipe:node", null, null, 60, null, null, null)))
        .isNull();
    assertThat(fields()).containsExactly("watchSeconds");
  }
}
