package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.image.bundle.Sha256;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
      provides: java7-runtime-headless
      directory: /opt/.cache /srv
      link: /usr/bin/python /usr/bin/python3
      write: /usr/local/bin/hello #!/bin/sh
      write: /usr/local/bin/hello   echo: hello
      write: /usr/local/bin/hello
      busybox-applets: yes
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
    assertThat(recipe.variant()).isEqualTo(Recipe.Variant.APT);
    assertThat(recipe.provides()).containsExactly("java7-runtime-headless");
    assertThat(recipe.additions().directories()).containsExactly("/opt/.cache", "/srv");
    assertThat(recipe.additions().links()).containsEntry("/usr/bin/python", "/usr/bin/python3");
    assertThat(recipe.additions().texts().get("/usr/local/bin/hello"))
        .containsExactly("#!/bin/sh", "  echo: hello", "");
    assertThat(recipe.additions().busyboxApplets()).isTrue();
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
        "busybox-applets: yes|busybox-applets: maybe|busybox-applets",
        "variant: apt|variant: custom|variant",
        "variant: apt|variant: extract|provides",
        "provides: java7-runtime-headless|provides: java7, x|provides",
        "directory: /opt/.cache /srv|directory: /opt/../etc|directory",
        "directory: /opt/.cache /srv|directory: /opt/.. /srv|directory",
        "directory: /opt/.cache /srv|directory: opt|directory",
        "directory: /opt/.cache /srv|directory: /usr/bin/python/lib|contradict each other at /usr/bin/python/lib",
        "directory: /opt/.cache /srv|directory: /usr/local/bin/hello|contradict each other at /usr/local/bin/hello",
        "link: /usr/bin/python /usr/bin/python3|link: /usr/bin/python|link",
        "link: /usr/bin/python /usr/bin/python3|link: /usr/bin/python ../../etc/shadow|link",
        "link: /usr/bin/python /usr/bin/python3|link: /a /b\\nlink: /a /c|link names /a twice",
        "link: /usr/bin/python /usr/bin/python3|link: /a /b /c|link",
        "write: /usr/local/bin/hello #!/bin/sh|write: usr/bin #!/bin/sh|write",
        "write: /usr/local/bin/hello #!/bin/sh|write: /etc/../hello #!/bin/sh|write",
        "user:|user:\\ninclude: ../../etc|include",
        "user:|user:\\ninclude: nothing-there|includes nothing-there, and there is no such part",
        "user:|user:\\ninclude: debian-trimmed debian-trimmed\\nsuite: sid|repeats suite",
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
    assertThatThrownBy(() -> RecipeParser.parse("test", new byte[KeyValueFile.MAX_BYTES + 1]))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("65536");
  }

  @Test
  void whatIsIncludedCountsAsIfItStoodThereAndInTheDigest() throws Exception {
    Recipe without = RecipeParser.parse("test", RECIPE.getBytes(UTF_8));
    Recipe with =
        RecipeParser.parse("test", (RECIPE + "include: debian-trimmed\n").getBytes(UTF_8));

    assertThat(with.remove()).containsAll(without.remove()).contains("/usr/bin/scalar");
    assertThat(with.sha256()).isNotEqualTo(without.sha256());
    assertThat(without.sha256()).isEqualTo(Sha256.of(RECIPE.getBytes(UTF_8)));
  }

  @Test
  void everyRecipeThisProgramCarriesIsFoundByItsNameAndListed() throws Exception {
    List<String> carried = new ArrayList<>();
    try (var files = Files.newDirectoryStream(Path.of("../recipes"), "*.recipe")) {
      for (Path file : files) {
        carried.add(RecipeParser.parse(file.toString(), Files.readAllBytes(file)).name());
      }
    }

    assertThat(Recipes.names()).containsExactlyInAnyOrderElementsOf(carried).isSorted();
    for (String name : Recipes.names()) {
      assertThat(Recipes.find(name).name()).isEqualTo(name);
    }
    assertThat(Recipes.find("debian:12").packages())
        .contains("bash", "git", "curl", "ca-certificates");
  }

  @Test
  void aSuiteAndPackagesMakeARecipe() throws Exception {
    Recipe recipe = DebianSuite.recipe("trixie", List.of("gcc", "make"));

    assertThat(recipe.suites()).containsExactly("trixie", "trixie-updates", "trixie-security");
    assertThat(recipe.packages()).contains("gcc", "make");
    assertThat(DebianSuite.recipe("sid", List.of()).suites()).containsExactly("sid");
    assertThat(DebianSuite.recipe("trixie", List.of("gcc")).sha256()).isNotEqualTo(recipe.sha256());
    assertThatThrownBy(() -> DebianSuite.recipe("trixie", List.of("gcc; reboot")))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("packages");
    assertThatThrownBy(() -> DebianSuite.recipe("trixie\nname: x", List.of()))
        .isInstanceOf(BuildException.class);
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
