package dev.mayfly.image.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RecipeNamesTest {
  private static final Path RECIPES = Path.of("../recipes");

  @Test
  void everyRecipeIsOnTheList() throws IOException {
    try (Stream<Path> files = Files.list(RECIPES)) {
      List<Path> recipes = files.filter(file -> file.toString().endsWith(".recipe")).toList();
      assertThat(recipes).isNotEmpty();
      for (Path recipe : recipes) {
        String name =
            Files.readAllLines(recipe).stream()
                .filter(line -> line.startsWith("name:"))
                .map(line -> line.substring("name:".length()).strip())
                .findFirst()
                .orElseThrow();
        assertThat(RecipeNames.all()).as("%s", recipe).contains(name);
      }
    }
  }
}
