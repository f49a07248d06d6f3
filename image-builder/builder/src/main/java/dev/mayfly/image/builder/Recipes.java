package dev.mayfly.image.builder;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Finds recipes: the ones this program carries by image name, any other by its file. */
final class Recipes {
  private static final String RESOURCES = "/dev/mayfly/image/recipes/";

  private static final List<String> NAMES =
      List.of("busybox", "debian:12", "docker", "java:25", "node", "python");

  private Recipes() {}

  /** The image names of the recipes this program carries, sorted. */
  static List<String> names() {
    return NAMES;
  }

  /** The lines that several recipes share under this name. */
  static Optional<byte[]> part(String name) throws BuildException {
    try (InputStream in = Recipes.class.getResourceAsStream(RESOURCES + name + ".part")) {
      return in == null ? Optional.empty() : Optional.of(in.readNBytes(KeyValueFile.MAX_BYTES + 1));
    } catch (IOException e) {
      throw new BuildException(name + " cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * @param nameOrFile an image name such as {@code debian:12}, or a path (one with a slash, or that
   *     ends in {@code .recipe})
   */
  static Recipe find(String nameOrFile) throws BuildException {
    try {
      if (nameOrFile.contains("/") || nameOrFile.endsWith(".recipe")) {
        try (InputStream in = Files.newInputStream(Path.of(nameOrFile))) {
          return RecipeParser.parse(nameOrFile, in.readNBytes(KeyValueFile.MAX_BYTES + 1));
        }
      }
      String resource = nameOrFile.replace(':', '-') + ".recipe";
      try (InputStream in = Recipes.class.getResourceAsStream(RESOURCES + resource)) {
        if (in == null) {
          throw new BuildException(
              BuildException.Blame.USER,
              "there is no recipe for \""
                  + nameOrFile
                  + "\"; this program carries "
                  + String.join(", ", NAMES)
                  + "; or give the path of a recipe file");
        }
        return RecipeParser.parse(nameOrFile, in.readNBytes(KeyValueFile.MAX_BYTES + 1));
      }
    } catch (NoSuchFileException e) {
      throw new BuildException(
          BuildException.Blame.USER, "there is no recipe file " + nameOrFile, e);
    } catch (IOException e) {
      throw new BuildException("recipe " + nameOrFile + " cannot be read: " + e.getMessage(), e);
    }
  }
}
