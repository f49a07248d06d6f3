package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.Sha256;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Reads a recipe; every value is checked here, because some of them become arguments of tools. */
final class RecipeParser {
  private static final Set<String> REPEATABLE =
      Set.of(
          "extra-suites",
          "packages",
          "provides",
          "directory",
          "link",
          "write",
          "unpack-never",
          "unpack-still",
          "remove",
          "environment");

  private static final Pattern IMAGE_NAME = Pattern.compile("[a-z0-9][a-z0-9._:/-]{0,254}");
  private static final Pattern PART = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");
  private static final Pattern WORD = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");
  private static final Pattern PACKAGE = Pattern.compile("[a-z0-9][a-z0-9.+-]+");

  /** Where something is put: no component is "." or "..". */
  private static final Pattern PLACE = Pattern.compile("(/\\.?[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)+");

  private static final Pattern PATH_PATTERN = Pattern.compile("/[A-Za-z0-9*][A-Za-z0-9*._/@+-]*");

  private final KeyValueFile file;

  private RecipeParser(KeyValueFile file) {
    this.file = file;
  }

  /**
   * @param origin named in errors
   */
  static Recipe parse(String origin, byte[] bytes) throws BuildException {
    KeyValueFile file = KeyValueFile.parse("recipe " + origin, bytes, REPEATABLE);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(bytes);
    for (String part : file.optionalWords("include", PART)) {
      byte[] included =
          Recipes.part(part)
              .orElseThrow(() -> file.wrong("includes " + part + ", and there is no such part"));
      file.include(included, REPEATABLE);
      all.writeBytes(included);
    }
    return new RecipeParser(file).recipe(Sha256.of(all.toByteArray()));
  }

  private Recipe recipe(Sha256 sha256) throws BuildException {
    String name = file.one("name", IMAGE_NAME);
    String architecture = file.one("architecture", WORD);
    List<String> suites = new ArrayList<>(List.of(file.one("suite", WORD)));
    suites.addAll(file.optionalWords("extra-suites", WORD));
    Defaults defaults;
    try {
      defaults =
          new Defaults(
              file.values("environment"),
              file.raw("user"),
              file.raw("working-directory"),
              List.of(),
              List.of());
    } catch (IllegalArgumentException e) {
      throw file.wrong(e.getMessage());
    }
    if (file.has("provides") && variant() == Recipe.Variant.EXTRACT) {
      throw file.wrong("has provides, but with variant extract nothing is installed");
    }
    Recipe recipe =
        new Recipe(
            name,
            architecture,
            suites,
            file.one("component", WORD),
            variant(),
            file.words("packages", PACKAGE),
            file.optionalWords("provides", PACKAGE),
            file.optionalWords("unpack-never", PATH_PATTERN),
            file.optionalWords("unpack-still", PATH_PATTERN),
            file.optionalWords("remove", PATH_PATTERN),
            additions(),
            epoch(),
            defaults,
            sha256);
    file.end();
    return recipe;
  }

  private Recipe.Variant variant() throws BuildException {
    String wanted = file.raw("variant");
    for (Recipe.Variant variant : Recipe.Variant.values()) {
      if (variant.option().equals(wanted)) {
        return variant;
      }
    }
    throw file.wrong("variant is none of apt, essential, extract");
  }

  private Recipe.Additions additions() throws BuildException {
    SortedMap<String, String> links = new TreeMap<>();
    for (String value : file.optionalValues("link")) {
      String[] words = value.split(" +");
      if (words.length != 2
          || !PLACE.matcher(words[0]).matches()
          || !PLACE.matcher(words[1]).matches()) {
        throw file.wrong("link is not \"PATH TARGET\", two absolute paths: " + value);
      }
      if (links.put(words[0], words[1]) != null) {
        throw file.wrong("link names " + words[0] + " twice");
      }
    }
    SortedMap<String, List<String>> texts = new TreeMap<>();
    for (String value : file.optionalValues("write")) {
      int space = value.indexOf(' ');
      String path = space < 0 ? value : value.substring(0, space);
      if (!PLACE.matcher(path).matches()) {
        throw file.wrong("write does not start with an absolute path: " + value);
      }
      texts
          .computeIfAbsent(path, absent -> new ArrayList<>())
          .add(space < 0 ? "" : value.substring(space + 1));
    }
    Recipe.Additions additions =
        new Recipe.Additions(
            file.optionalWords("directory", PLACE),
            links,
            texts,
            file.has("busybox-applets") && file.yesOrNo("busybox-applets"));
    String contradiction = additions.contradiction();
    if (!contradiction.isEmpty()) {
      throw file.wrong("directory, link and write contradict each other at " + contradiction);
    }
    return additions;
  }

  private long epoch() throws BuildException {
    String value = file.raw("epoch");
    // Ten digits reach the year 2286; the file system keeps more, other tools do not.
    if (!value.matches("[1-9][0-9]{0,9}")) {
      throw file.wrong("epoch is not a number of seconds since 1970");
    }
    return Long.parseLong(value);
  }
}
