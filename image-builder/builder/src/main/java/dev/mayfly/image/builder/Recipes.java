package dev.mayfly.image.builder;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Finds recipes: the ones this program carries by image name, any other by its file. */
final class Recipes {
  private static final String RESOURCES = "/dev/mayfly/image/recipes/";

  private Recipes() {}

  /**
   * @param nameOrFile an image name such as {@code debian:12}, or a path (one with a slash, or that
   *     ends in {@code .recipe})
   */
  static Recipe find(String nameOrFile) throws BuildException {
    try {
      if (nameOrFile.contains("/") || nameOrFile.endsWith(".recipe")) {
        try (InputStream in = Files.newInputStream(Path.of(nameOrFile))) {
          return RecipeParser.parse(nameOrFile, in.readNBytes(RecipeParser.MAX_BYTES + 1));
        }
      }
      String resource = nameOrFile.replace(':', '-') + ".recipe";
      try (InputStream in = Recipes.class.getResourceAsStream(RESOURCES + resource)) {
        if (in == null) {
          throw new BuildException(
              "there is no recipe for \""
                  + nameOrFile
                  + "\"; this program carries debian:12, or give the path of a recipe file");
        }
        return RecipeParser.parse(nameOrFile, in.readNBytes(RecipeParser.MAX_BYTES + 1));
      }
    } catch (NoSuchFileException e) {
      throw new BuildException("there is no recipe file " + nameOrFile, e);
    } catch (IOException e) {
      throw new BuildException("recipe " + nameOrFile + " cannot be read: " + e.getMessage(), e);
    }
  }
}
