package dev.mayfly.core.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.ImageRef;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FirstUsePolicyTest {
  private static final Set<String> RECIPES = Set.of("debian:12", "java:25");
  private final FirstUsePolicy usual = new FirstUsePolicy(RECIPES, FirstUsePolicy.DEFAULT);

  @Test
  void aRecipesExactNameIsThatRecipe() {
    assertThat(usual.source(new ImageRef("java:25"))).contains("recipe:java:25");
    assertThat(usual.source(new ImageRef("java:24"))).contains("registry:java:24");
  }

  @Test
  void officialImagesAreBuiltAndWhatAnybodyMayUploadIsNot() {
    assertThat(usual.source(new ImageRef("maven:3-eclipse-temurin-25")))
        .contains("registry:maven:3-eclipse-temurin-25");
    assertThat(usual.source(new ImageRef("library/maven:3"))).contains("registry:library/maven:3");
    assertThat(usual.source(new ImageRef("docker.io/library/maven:3"))).isPresent();
    assertThat(usual.source(new ImageRef("somebody/maven:3"))).isEmpty();
    assertThat(usual.source(new ImageRef("localhost:5000/maven:3"))).isEmpty();
    assertThat(usual.source(new ImageRef("registry.example/library/maven:3"))).isEmpty();
  }

  @Test
  void aDigestNamesAnImageOfItsOwn() {
    ImageRef pinned = new ImageRef("maven@sha256:" + "a".repeat(64));
    assertThat(usual.source(pinned)).contains("registry:" + pinned);
  }

  @Test
  void aRegistryIsAllowedAsAWholeOrInPart() {
    FirstUsePolicy policy =
        new FirstUsePolicy(RECIPES, List.of("localhost:5000/", "registry.example/team/"));
    assertThat(policy.source(new ImageRef("localhost:5000/a/b:1"))).isPresent();
    assertThat(policy.source(new ImageRef("registry.example/team/b:1"))).isPresent();
    assertThat(policy.source(new ImageRef("registry.example/teams/b:1"))).isEmpty();
    assertThat(policy.source(new ImageRef("maven:3"))).isEmpty();
    assertThat(policy.source(new ImageRef("java:25"))).isEmpty();
  }

  @Test
  void withoutAListNothingIsBuiltAndTheRefusalSaysWhatToDo() {
    assertThat(FirstUsePolicy.NONE.source(new ImageRef("debian:12"))).isEmpty();
    assertThat(usual.refusal(new ImageRef("somebody/x:1")))
        .isEqualTo(
            "no image is published as somebody/x:1, and on first use only these are built:"
                + " recipes, docker.io/library/; GET /api/v1/images lists what there is, and POST"
                + " /api/v1/image-builds builds one");
  }

  @Test
  void anEntryEndsWithASlashSoThatNoLongerNameIsMeant() {
    assertThatThrownBy(() -> new FirstUsePolicy(Set.of(), List.of("registry.example/team")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("registry.example/team");
    assertThat(FirstUsePolicy.valid("docker.io/")).isTrue();
    assertThat(FirstUsePolicy.valid("*")).isFalse();
  }
}
