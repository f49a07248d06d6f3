package dev.mayfly.image.source;

import java.util.List;
import java.util.regex.Pattern;

/** Reads and writes {@code NAME?packages=a,b}. */
final class PackageNames {
  private static final String QUERY = "?packages=";

  /** More than anyone writes in a line; a recipe file is the place for so many. */
  private static final int MAX_PACKAGES = 200;

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9+._-]{1,99}");

  private PackageNames() {}

  static List<String> sorted(List<String> packages) {
    if (packages.size() > MAX_PACKAGES) {
      throw new IllegalArgumentException("there are more than " + MAX_PACKAGES + " packages");
    }
    for (String name : packages) {
      if (!NAME.matcher(name).matches()) {
        throw new IllegalArgumentException(
            "\"" + name + "\" is no package name (lower-case letters, digits and + . _ -)");
      }
    }
    return packages.stream().sorted().distinct().toList();
  }

  static String before(String text) {
    int mark = text.indexOf('?');
    return mark < 0 ? text : text.substring(0, mark);
  }

  static List<String> after(String text) {
    int mark = text.indexOf('?');
    if (mark < 0) {
      return List.of();
    }
    String query = text.substring(mark);
    if (!query.startsWith(QUERY)) {
      throw new IllegalArgumentException("what follows ? is not packages=NAME,NAME");
    }
    return List.of(query.substring(QUERY.length()).split(",", -1));
  }

  static String join(String name, List<String> packages) {
    return packages.isEmpty() ? name : name + QUERY + String.join(",", packages);
  }
}
