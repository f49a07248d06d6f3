package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BundleManifest.Source;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Makes the recipe of {@code debian:SUITE?packages=a,b}: the smallest Debian, and the packages. */
final class DebianSuite {
  /** Rolling suites have no updates beside them. */
  private static final List<String> WITHOUT_UPDATES =
      List.of("sid", "unstable", "experimental", "testing");

  private DebianSuite() {}

  /**
   * @param suite for example {@code trixie}
   * @param packages names; may be empty
   * @throws BuildException when one of them is not of a package name's form
   */
  static RecipeSource source(String suite, List<String> packages, List<AptSources.Entry> sources)
      throws BuildException {
    Recipe recipe = recipe(suite, packages);
    String reference =
        packages.isEmpty() ? suite : suite + "?packages=" + String.join(",", packages);
    return new RecipeSource(recipe, new Source("debian", reference, recipe.sha256()), sources);
  }

  static Recipe recipe(String suite, List<String> packages) throws BuildException {
    StringBuilder text = new StringBuilder();
    text.append("name: debian:").append(suite).append('\n');
    text.append("architecture: x86_64\ninclude: debian-trimmed\n");
    text.append("suite: ").append(suite).append('\n');
    if (!WITHOUT_UPDATES.contains(suite)) {
      text.append("extra-suites: %1$s-updates %1$s-security\n".formatted(suite));
    }
    text.append("component: main\nvariant: apt\npackages: ca-certificates\n");
    packages.forEach(name -> text.append("packages: ").append(name).append('\n'));
    // 2024-01-01T00:00:00Z, as in the recipes.
    text.append("epoch: 1704067200\n");
    text.append("environment: PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
    text.append("environment: LANG=C.UTF-8\nuser:\nworking-directory: /workspace\n");
    return RecipeParser.parse("debian:" + suite, text.toString().getBytes(StandardCharsets.UTF_8));
  }
}
