package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a recipe; every value is checked here, because some of them become arguments of tools. */
final class RecipeParser {
  /** A recipe is two kilobytes; this is a long one. */
  static final int MAX_BYTES = 64 * 1024;

  private static final Set<String> REPEATABLE =
      Set.of(
          "extra-suites",
          "packages",
          "unpack-never",
          "unpack-still",
          "remove",
          "modules",
          "environment");

  private static final Pattern IMAGE_NAME = Pattern.compile("[a-z0-9][a-z0-9._:/-]{0,254}");
  private static final Pattern WORD = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");
  private static final Pattern PACKAGE = Pattern.compile("[a-z0-9][a-z0-9.+-]+");
  private static final Pattern PATH_PATTERN = Pattern.compile("/[A-Za-z0-9*][A-Za-z0-9*._/+-]*");

  private final String origin;
  private final Map<String, List<String>> lines = new LinkedHashMap<>();
  private final Set<String> taken = new HashSet<>();

  private RecipeParser(String origin) {
    this.origin = origin;
  }

  /**
   * @param origin named in errors
   */
  static Recipe parse(String origin, byte[] bytes) throws BuildException {
    RecipeParser parser = new RecipeParser(origin);
    parser.read(bytes);
    return parser.recipe(Sha256.of(bytes));
  }

  private void read(byte[] bytes) throws BuildException {
    if (bytes.length > MAX_BYTES) {
      throw wrong("has more than " + MAX_BYTES + " bytes");
    }
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw wrong("is not UTF-8");
    }
    int number = 0;
    for (String line : text.split("\n", -1)) {
      number++;
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      int colon = line.indexOf(':');
      if (colon < 1) {
        throw wrong("line " + number + " is not \"key: value\"");
      }
      String key = line.substring(0, colon);
      String value = line.substring(colon + 1).strip();
      List<String> values = lines.computeIfAbsent(key, absent -> new ArrayList<>());
      if (!values.isEmpty() && !REPEATABLE.contains(key)) {
        throw wrong("line " + number + " repeats " + key);
      }
      if (value.chars().anyMatch(Character::isISOControl)) {
        throw wrong("line " + number + " holds a control character");
      }
      values.add(value);
    }
  }

  private Recipe recipe(Sha256 sha256) throws BuildException {
    String name = one("name", IMAGE_NAME);
    String architecture = one("architecture", WORD);
    List<String> suites = new ArrayList<>(List.of(one("suite", WORD)));
    suites.addAll(words("extra-suites", WORD));
    Recipe.Kernel kernel =
        new Recipe.Kernel(
            one("kernel", PACKAGE),
            one("kernel-flavour", WORD),
            yesOrNo("kernel-needs-acpi"),
            words("modules", WORD));
    Defaults defaults;
    try {
      defaults =
          new Defaults(
              values("environment"), raw("user"), raw("working-directory"), List.of(), List.of());
    } catch (IllegalArgumentException e) {
      throw wrong(e.getMessage());
    }
    Recipe recipe =
        new Recipe(
            name,
            architecture,
            suites,
            one("component", WORD),
            one("variant", WORD),
            words("packages", PACKAGE),
            words("unpack-never", PATH_PATTERN),
            words("unpack-still", PATH_PATTERN),
            words("remove", PATH_PATTERN),
            epoch(),
            kernel,
            defaults,
            sha256);
    for (String key : lines.keySet()) {
      if (!taken.contains(key)) {
        throw wrong("has an unknown key: " + key);
      }
    }
    return recipe;
  }

  private long epoch() throws BuildException {
    String value = raw("epoch");
    // Ten digits reach the year 2286; the file system keeps more, other tools do not.
    if (!value.matches("[1-9][0-9]{0,9}")) {
      throw wrong("epoch is not a number of seconds since 1970");
    }
    return Long.parseLong(value);
  }

  private boolean yesOrNo(String key) throws BuildException {
    return switch (raw(key)) {
      case "yes" -> true;
      case "no" -> false;
      default -> throw wrong(key + " is neither yes nor no");
    };
  }

  private String one(String key, Pattern form) throws BuildException {
    String value = raw(key);
    if (!form.matcher(value).matches()) {
      throw wrong(key + " is not of the form " + form);
    }
    return value;
  }

  private List<String> words(String key, Pattern form) throws BuildException {
    List<String> words = new ArrayList<>();
    for (String value : values(key)) {
      for (String word : value.split(" +")) {
        if (!form.matcher(word).matches()) {
          throw wrong(key + " has \"" + word + "\", not of the form " + form);
        }
        words.add(word);
      }
    }
    return words;
  }

  private String raw(String key) throws BuildException {
    return values(key).getFirst();
  }

  private List<String> values(String key) throws BuildException {
    taken.add(key);
    List<String> values = lines.get(key);
    if (values == null) {
      throw wrong("lacks the key " + key);
    }
    return values;
  }

  private BuildException wrong(@Nullable String problem) {
    return new BuildException("recipe " + origin + " " + problem);
  }
}
