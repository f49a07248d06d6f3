package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecipeParserTest {
  private static final String RECIPE =
      """
      # A comment.
      name: example:1
      architecture: x86_64
      suite: bookworm
      extra-suites: bookworm-updates
      extra-suites: bookworm-security
      component: main
      variant: apt
      packages: bash git
      packages: curl
      unpack-never: /usr/share/doc/*
      unpack-still: /usr/share/doc/*/copyright
      remove: /etc/hostname /var/log/*
      epoch: 1704067200
      kernel: linux-image-cloud-amd64
      kernel-flavour: debian-cloud
      kernel-needs-acpi: yes
      modules: virtio virtio-rng
      environment: PATH=/bin
      environment: WORDS=a b: c
      user:
      working-directory: /workspace
      """;

  @TempDir Path directory;

  @Test
  void everyKeyIsRead() throws Exception {
    Recipe recipe = RecipeParser.parse("test", RECIPE.getBytes(UTF_8));

    assertThat(recipe.name()).isEqualTo("example:1");
    assertThat(recipe.suites())
        .containsExactly("bookworm", "bookworm-updates", "bookworm-security");
    assertThat(recipe.packages()).containsExactly("bash", "git", "curl");
    assertThat(recipe.remove()).containsExactly("/etc/hostname", "/var/log/*");
    assertThat(recipe.epochSeconds()).isEqualTo(1_704_067_200L);
    assertThat(recipe.kernel().needsAcpi()).isTrue();
    assertThat(recipe.kernel().modules()).containsExactly("virtio", "virtio-rng");
    assertThat(recipe.defaults().environment()).containsExactly("PATH=/bin", "WORDS=a b: c");
    assertThat(recipe.defaults().user()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "name: example:1|name: Example!|name",
        "name: example:1|other: 1|lacks the key name",
        "suite: bookworm|suite: bookworm;reboot|suite",
        "user:|user:\\ncolour: red|unknown key: colour",
        "variant: apt|variant: apt\\nvariant: apt|repeats variant",
        "packages: bash git|packages: bash $(reboot)|packages",
        "packages: bash git|packages: bash --root=/|packages",
        "remove: /etc/hostname|remove: /../etc|remove",
        "remove: /etc/hostname|remove: etc/hostname|remove",
        "epoch: 1704067200|epoch: now|epoch",
        "epoch: 1704067200|epoch: 99999999999|epoch",
        "needs-acpi: yes|needs-acpi: maybe|kernel-needs-acpi",
        "working-directory: /workspace|working-directory: here|workingDirectory",
        "environment: PATH=/bin|environment: PATH|environment",
        "user:|just words|line",
      })
  void aWrongLineIsNamed(String right, String wrong, String problem) {
    String text = RECIPE.replace(right, wrong.replace("\\n", "\n"));
    assertThat(text).isNotEqualTo(RECIPE);

    assertThatThrownBy(() -> RecipeParser.parse("test", text.getBytes(UTF_8)))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("recipe test")
        .hasMessageContaining(problem);
  }

  @Test
  void whatIsNoTextOrTooLongIsRefused() {
    assertThatThrownBy(() -> RecipeParser.parse("test", new byte[] {(byte) 0xff, 'a'}))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("UTF-8");
    assertThatThrownBy(() -> RecipeParser.parse("test", new byte[RecipeParser.MAX_BYTES + 1]))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("65536");
  }

  @Test
  void theRecipeThisProgramCarriesIsFoundByItsName() throws Exception {
    Recipe recipe = Recipes.find("debian:12");

    assertThat(recipe.name()).isEqualTo("debian:12");
    assertThat(recipe.packages()).contains("bash", "git", "curl", "ca-certificates");
  }

  @Test
  void anotherRecipeIsFoundByItsFile() throws Exception {
    Path file = Files.writeString(directory.resolve("mine.recipe"), RECIPE);

    assertThat(Recipes.find(file.toString()).name()).isEqualTo("example:1");
    assertThatThrownBy(() -> Recipes.find(directory.resolve("none.recipe").toString()))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("none.recipe");
    assertThatThrownBy(() -> Recipes.find("debian:99"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("debian:99");
  }
}
