package dev.mayfly.image.builder;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The package sources in apt's settings, in both of its formats (sources.list(5)). Only what a
 * build needs is kept; in particular options that turn signature checks off are dropped.
 */
final class AptSources {
  /** The key rings of the distribution itself; an entry signed by another is a third party's. */
  private static final Pattern DISTRIBUTION_KEYS =
      Pattern.compile("(.*/)?debian-archive-[a-z0-9-]*\\.(gpg|pgp|asc)");

  private static final Pattern ONE_LINE =
      Pattern.compile(
          "(deb|deb-src)\\s+(?:\\[([^\\]]*)\\]\\s+)?(\\S+|cdrom:\\[[^\\]]*\\]\\S*)\\s+(.+)");

  /**
   * An entry for one of these that names no key ring is taken for a Debian mirror's. Not "stable"
   * and its like, which others use as well.
   */
  private static final Set<String> DEBIAN_RELEASES =
      Set.of("bullseye", "bookworm", "trixie", "forky", "duke");

  /** Real ones have a few hundred bytes. */
  private static final int MAX_FILE_BYTES = 1 << 20;

  /** Where Debian keeps its own. */
  private static final Path KEY_RINGS = Path.of("/usr/share/keyrings");

  private final String origin;
  private final List<Entry> entries;

  private AptSources(String origin, List<Entry> entries) {
    this.origin = origin;
    this.entries = List.copyOf(entries);
  }

  /** No source at all, for who will fetch nothing. */
  static AptSources none() {
    return new AptSources("nothing", List.of());
  }

  /**
   * One archive, suite and component.
   *
   * @param signedBy key ring, where the entry names one
   * @param checkValidUntil false for a snapshot of an archive, whose Release file has expired
   */
  record Entry(
      String uri,
      String suite,
      String component,
      Optional<String> signedBy,
      boolean checkValidUntil) {
    String toLine() {
      List<String> options = new ArrayList<>();
      signedBy.ifPresent(keys -> options.add("signed-by=" + keys));
      if (!checkValidUntil) {
        options.add("check-valid-until=no");
      }
      return "deb "
          + (options.isEmpty() ? "" : "[" + String.join(" ", options) + "] ")
          + uri
          + " "
          + suite
          + " "
          + component;
    }
  }

  /** Reads {@code sources.list} and {@code sources.list.d} of such a directory. */
  static AptSources read(Path etcApt) throws IOException {
    List<Path> files = new ArrayList<>();
    Path main = etcApt.resolve("sources.list");
    if (Files.isReadable(main)) {
      files.add(main);
    }
    Path parts = etcApt.resolve("sources.list.d");
    if (Files.isDirectory(parts)) {
      List<Path> found = new ArrayList<>();
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(parts, "*.{list,sources}")) {
        entries.forEach(found::add);
      }
      found.sort(null);
      files.addAll(found);
    }
    List<Entry> entries = new ArrayList<>();
    for (Path file : files) {
      entries.addAll(readFile(file).entries);
    }
    return new AptSources("apt's settings in " + etcApt, entries);
  }

  /** Reads one file; the ending decides the format, as apt does it. */
  static AptSources readFile(Path file) throws IOException {
    if (Files.size(file) > MAX_FILE_BYTES) {
      throw new IOException(file + " has more than " + MAX_FILE_BYTES + " bytes");
    }
    String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    return new AptSources(
        file.toString(),
        file.toString().endsWith(".sources") ? parseDeb822(text) : parseOneLine(text));
  }

  /**
   * One-line text for the entries of these suites and this component, in the order of the suites.
   */
  List<Entry> select(List<String> suites, String component) {
    Set<Entry> selected = new LinkedHashSet<>();
    for (String suite : suites) {
      for (Entry entry : entries) {
        if (entry.suite.equals(suite) && entry.component.equals(component) && isUsable(entry)) {
          selected.add(entry);
        }
      }
    }
    return List.copyOf(selected);
  }

  /**
   * As {@link #selectOrDerive}, but an error that says what to do where that finds nothing.
   *
   * @param suites the main suite first
   */
  List<Entry> require(List<String> suites, String component) throws BuildException {
    List<Entry> selected = selectOrDerive(suites, component, KEY_RINGS);
    if (selected.isEmpty()) {
      throw new BuildException(
          origin
              + " has no usable entry of a Debian mirror, so none for the suite "
              + suites.getFirst()
              + ", component "
              + component
              + " (suites there: "
              + (entries.isEmpty() ? "none" : String.join(", ", suites()))
              + "); add one for a Debian mirror, or give a file with one by --sources FILE");
    }
    return selected;
  }

  /**
   * As {@link #select}; and where no entry names the main suite, entries for all of them, derived
   * from those of another release of Debian: the same mirrors have this one as well. Security
   * suites come from the mirror of a security suite. Empty where nothing can be derived.
   *
   * @param keyRings where Debian keeps its own, {@code /usr/share/keyrings}; a derived entry whose
   *     model names a key ring gets the one that holds the keys of all releases
   */
  List<Entry> selectOrDerive(List<String> suites, String component, Path keyRings) {
    List<Entry> selected = select(suites, component);
    String main = suites.getFirst();
    if (selected.stream().anyMatch(entry -> entry.suite.equals(main))) {
      return selected;
    }
    List<Entry> derived = new ArrayList<>();
    for (String suite : suites) {
      Part part = Part.of(suite);
      for (Entry model : entries) {
        if (Part.of(model.suite) == part
            && isDebians(model)
            && model.component.equals(component)
            && isUsable(model)) {
          derived.add(
              new Entry(
                  model.uri,
                  suite,
                  component,
                  model.signedBy.map(keys -> keyRing(keys, keyRings)),
                  model.checkValidUntil));
          break;
        }
      }
    }
    // Updates without what they update are of no use.
    return derived.stream().anyMatch(entry -> entry.suite.equals(main))
        ? List.copyOf(derived)
        : List.of();
  }

  /** What of a release a suite holds. */
  private enum Part {
    RELEASE(""),
    UPDATES("-updates"),
    SECURITY("-security");

    private final String ending;

    Part(String ending) {
      this.ending = ending;
    }

    static Part of(String suite) {
      for (Part part : List.of(UPDATES, SECURITY)) {
        if (suite.endsWith(part.ending)) {
          return part;
        }
      }
      return RELEASE;
    }

    /** The release of a suite of this part. */
    String release(String suite) {
      return suite.substring(0, suite.length() - ending.length());
    }
  }

  /** Whether an entry is a Debian mirror's and not one of somebody who builds for Debian. */
  private static boolean isDebians(Entry entry) {
    return entry.signedBy.isPresent()
        || DEBIAN_RELEASES.contains(Part.of(entry.suite).release(entry.suite));
  }

  private static String keyRing(String ofModel, Path keyRings) {
    Path all = keyRings.resolve("debian-archive-keyring.gpg");
    return Files.isReadable(all) ? all.toString() : ofModel;
  }

  private static boolean isUsable(Entry entry) {
    return !entry.uri.startsWith("cdrom:")
        && entry.signedBy.map(keys -> DISTRIBUTION_KEYS.matcher(keys).matches()).orElse(true);
  }

  /** Everything that was read, for a message. */
  Set<String> suites() {
    Set<String> suites = new LinkedHashSet<>();
    entries.forEach(entry -> suites.add(entry.suite));
    return suites;
  }

  static List<Entry> parseOneLine(String text) {
    List<Entry> entries = new ArrayList<>();
    for (String line : text.split("\n")) {
      Matcher matcher = ONE_LINE.matcher(line.replaceFirst("#.*", "").strip());
      if (!matcher.matches() || matcher.group(1).equals("deb-src")) {
        continue;
      }
      Map<String, String> options = new LinkedHashMap<>();
      String optionText = matcher.group(2) == null ? "" : matcher.group(2);
      for (String option : optionText.strip().split("\\s+")) {
        int equals = option.indexOf('=');
        if (equals > 0) {
          options.put(
              option.substring(0, equals).toLowerCase(Locale.ROOT), option.substring(equals + 1));
        }
      }
      String[] words = matcher.group(4).strip().split("\\s+");
      if (isForThisArchitecture(options.getOrDefault("arch", ""), ",")) {
        for (int i = 1; i < words.length; i++) {
          entries.add(
              new Entry(
                  matcher.group(3),
                  words[0],
                  words[i],
                  Optional.ofNullable(options.get("signed-by")),
                  !"no".equals(options.get("check-valid-until"))));
        }
      }
    }
    return entries;
  }

  static List<Entry> parseDeb822(String text) {
    List<Entry> entries = new ArrayList<>();
    // A comment line may stand within a paragraph, even within a value.
    String withoutComments = text.replaceAll("(?m)^#.*(\n|$)", "");
    for (String paragraph : withoutComments.split("\n[ \t]*\n")) {
      Map<String, String> fields = fields(paragraph);
      boolean enabled = !fields.getOrDefault("enabled", "yes").matches("(?i)no|false|0");
      if (!enabled
          || !words(fields.getOrDefault("types", "")).contains("deb")
          || !isForThisArchitecture(fields.getOrDefault("architectures", ""), "\\s+")) {
        continue;
      }
      for (String uri : words(fields.getOrDefault("uris", ""))) {
        for (String suite : words(fields.getOrDefault("suites", ""))) {
          for (String component : words(fields.getOrDefault("components", ""))) {
            entries.add(
                new Entry(
                    uri,
                    suite,
                    component,
                    Optional.ofNullable(fields.get("signed-by")),
                    !fields.getOrDefault("check-valid-until", "yes").matches("(?i)no|false|0")));
          }
        }
      }
    }
    return entries;
  }

  private static Map<String, String> fields(String paragraph) {
    Map<String, String> fields = new LinkedHashMap<>();
    String last = "";
    for (String line : paragraph.split("\n")) {
      if (line.startsWith(" ") || line.startsWith("\t")) {
        fields.merge(last, line.strip(), (before, more) -> (before + " " + more).strip());
      } else {
        int colon = line.indexOf(':');
        if (colon > 0) {
          last = line.substring(0, colon).strip().toLowerCase(Locale.ROOT);
          fields.put(last, line.substring(colon + 1).strip());
        }
      }
    }
    return fields;
  }

  private static List<String> words(String text) {
    return text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
  }

  private static boolean isForThisArchitecture(String architectures, String separator) {
    return architectures.isBlank()
        || List.of(architectures.strip().split(separator)).contains("amd64");
  }
}
