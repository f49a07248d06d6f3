package dev.mayfly.image.bundle;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The images that the builder carries recipes for: who asks for one of these names means the
 * recipe, and who does not have the builder must know as much. Thread-safe.
 */
public final class RecipeNames {
  private static final String RESOURCE = "recipe-names";

  private RecipeNames() {}

  /** All of them. */
  public static SortedSet<String> all() {
    try (InputStream in = RecipeNames.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(RESOURCE + " is not in this program");
      }
      TreeSet<String> names = new TreeSet<>();
      new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank())
          .forEach(names::add);
      return Collections.unmodifiableSortedSet(names);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }
}
