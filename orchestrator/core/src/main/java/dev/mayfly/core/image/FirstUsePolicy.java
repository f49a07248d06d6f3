package dev.mayfly.core.image;

import dev.mayfly.api.ImageRef;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Says from what an image that nobody has published is built when a job first names it. Pure.
 *
 * @param recipes the images that the builder has recipes for
 * @param allowed what else may be built: {@code recipes}, or the beginning of a repository's full
 *     name, such as {@code docker.io/library/} or {@code registry.example/team/}
 */
public record FirstUsePolicy(Set<String> recipes, List<String> allowed) {
  public static final String RECIPES = "recipes";

  /**
   * What comes with the product, and the images that the largest public registry itself looks
   * after; whatever anybody may upload there has to be allowed by name.
   */
  public static final List<String> DEFAULT = List.of(RECIPES, "docker.io/library/");

  /** Nothing is built on first use. */
  public static final FirstUsePolicy NONE = new FirstUsePolicy(Set.of(), List.of());

  private static final String DEFAULT_REGISTRY = "docker.io/";
  private static final String OFFICIAL = "library/";
  private static final Pattern ENTRY =
      Pattern.compile("[a-z0-9]+(?:[._:-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*/");

  public FirstUsePolicy {
    recipes = Set.copyOf(recipes);
    allowed = List.copyOf(allowed);
    for (String entry : allowed) {
      if (!valid(entry)) {
        throw new IllegalArgumentException("not an entry of a list of registries: " + entry);
      }
    }
  }

  /** Whether it may stand in the list. */
  public static boolean valid(String entry) {
    return entry.equals(RECIPES) || ENTRY.matcher(entry).matches();
  }

  /** What it is built from, in the one-line form of an image source; empty: it is not. */
  public Optional<String> source(ImageRef image) {
    String name = image.value();
    if (recipes.contains(name)) {
      return allowed.contains(RECIPES) ? Optional.of("recipe:" + name) : Optional.empty();
    }
    String full = fullName(name);
    return allowed.stream().filter(entry -> !entry.equals(RECIPES)).anyMatch(full::startsWith)
        ? Optional.of("registry:" + name)
        : Optional.empty();
  }

  /** From what a name is built that somebody asks to be built, whatever the list says. */
  public String requested(ImageRef image) {
    return (recipes.contains(image.value()) ? "recipe:" : "registry:") + image.value();
  }

  /** With its registry, and the official images' directory, spelled out. */
  static String fullName(String name) {
    int slash = name.indexOf('/');
    if (slash < 0) {
      return DEFAULT_REGISTRY + OFFICIAL + name;
    }
    String first = name.substring(0, slash);
    boolean registry = first.contains(".") || first.contains(":") || first.equals("localhost");
    return registry ? name : DEFAULT_REGISTRY + name;
  }

  /** Why an image is not built on first use, and what to do, for people. */
  public String refusal(ImageRef image) {
    String allow =
        allowed.isEmpty()
            ? "images are not built on first use here"
            : "on first use only these are built: " + String.join(", ", allowed);
    return "no image is published as "
        + image
        + ", and "
        + allow
        + "; GET /api/v1/images lists what there is, and POST /api/v1/image-builds builds one";
  }
}
