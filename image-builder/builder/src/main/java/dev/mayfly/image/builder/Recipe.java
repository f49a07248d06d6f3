package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.Sha256;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What an image is made of; {@code ops/docs/recipes.md} explains each member.
 *
 * @param suites the main suite first
 * @param provides virtual packages that the packages provide without saying so
 * @param epochSeconds the time every file carries, seconds since 1970
 * @param remove absolute paths, {@code *} also matches slashes
 * @param sha256 of the recipe's bytes
 */
record Recipe(
    String name,
    String architecture,
    List<String> suites,
    String component,
    Variant variant,
    List<String> packages,
    List<String> provides,
    List<String> unpackNever,
    List<String> unpackStill,
    List<String> remove,
    Additions additions,
    long epochSeconds,
    Defaults defaults,
    Sha256 sha256) {

  Recipe {
    suites = List.copyOf(suites);
    packages = List.copyOf(packages);
    provides = List.copyOf(provides);
    unpackNever = List.copyOf(unpackNever);
    unpackStill = List.copyOf(unpackStill);
    remove = List.copyOf(remove);
  }

  /** How much of a distribution there is beside the packages a recipe names. */
  enum Variant {
    /** Essential packages and apt. */
    APT("apt"),
    /** Essential packages. */
    ESSENTIAL("essential"),
    /** Nothing: packages are unpacked, and none of their scripts runs. */
    EXTRACT("extract");

    private final String option;

    Variant(String option) {
      this.option = option;
    }

    /** What mmdebstrap and a recipe call it. */
    String option() {
      return option;
    }
  }

  /**
   * What is in the image beside packages; it takes the place of files the packages have.
   *
   * @param directories absolute paths
   * @param links what each symbolic link, an absolute path, leads to
   * @param texts the lines of each file, by its absolute path
   * @param busyboxApplets a link for every command that busybox has and no package
   */
  record Additions(
      List<String> directories,
      SortedMap<String, String> links,
      SortedMap<String, List<String>> texts,
      boolean busyboxApplets) {
    static final Additions NONE = new Additions(List.of(), new TreeMap<>(), new TreeMap<>(), false);

    Additions {
      directories = List.copyOf(directories);
      links = Collections.unmodifiableSortedMap(new TreeMap<>(links));
      SortedMap<String, List<String>> copied = new TreeMap<>();
      texts.forEach((path, lines) -> copied.put(path, List.copyOf(lines)));
      texts = Collections.unmodifiableSortedMap(copied);
    }

    /** The first path that is named twice, or that lies below a link or a file; empty: none. */
    String contradiction() {
      List<String> paths = new ArrayList<>(directories);
      paths.addAll(links.keySet());
      paths.addAll(texts.keySet());
      paths.sort(null);
      for (int i = 1; i < paths.size(); i++) {
        if (paths.get(i).equals(paths.get(i - 1))) {
          return paths.get(i);
        }
      }
      for (String path : paths) {
        for (int slash = path.lastIndexOf('/');
            slash > 0;
            slash = path.lastIndexOf('/', slash - 1)) {
          String above = path.substring(0, slash);
          if (links.containsKey(above) || texts.containsKey(above)) {
            return path;
          }
        }
      }
      return "";
    }
  }

  String suite() {
    return suites.getFirst();
  }
}
