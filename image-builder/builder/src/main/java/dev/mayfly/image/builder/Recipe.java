package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.Sha256;
import java.util.List;

/**
 * What an image is made of; {@code image-builder/recipes} explains each member.
 *
 * @param suites the main suite first
 * @param epochSeconds the time every file carries, seconds since 1970
 * @param remove absolute paths, {@code *} also matches slashes
 * @param sha256 of the recipe's bytes
 */
record Recipe(
    String name,
    String architecture,
    List<String> suites,
    String component,
    String variant,
    List<String> packages,
    List<String> unpackNever,
    List<String> unpackStill,
    List<String> remove,
    long epochSeconds,
    Kernel kernel,
    Defaults defaults,
    Sha256 sha256) {

  Recipe {
    suites = List.copyOf(suites);
    packages = List.copyOf(packages);
    unpackNever = List.copyOf(unpackNever);
    unpackStill = List.copyOf(unpackStill);
    remove = List.copyOf(remove);
  }

  /**
   * The guest's kernel.
   *
   * @param metapackage depends on the package that holds it
   * @param modules in load order
   */
  record Kernel(String metapackage, String flavour, boolean needsAcpi, List<String> modules) {
    Kernel {
      modules = List.copyOf(modules);
    }
  }

  String suite() {
    return suites.getFirst();
  }
}
