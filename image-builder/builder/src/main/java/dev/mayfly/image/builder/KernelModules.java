package dev.mayfly.image.builder;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Decides which modules the guest loads, in which order. The package holds no {@code modules.dep}
 * (that is made when a kernel is installed), so each module is asked itself: its {@code .modinfo}
 * section says what it depends on.
 */
final class KernelModules {
  private final Path root;
  private final Map<String, String> pathByName = new HashMap<>();
  private final Map<String, List<String>> entriesByPath = new HashMap<>();
  private final Set<String> builtIn = new HashSet<>();

  private KernelModules(Path root) {
    this.root = root;
  }

  /**
   * @param root where the package was unpacked; paths are relative to it
   * @param release names the directory below {@code lib/modules}
   */
  static KernelModules read(Path root, String release) throws IOException {
    KernelModules found = new KernelModules(root);
    Path directory = root.resolve("lib/modules").resolve(release);
    try (Stream<Path> files = Files.walk(directory)) {
      files
          .filter(file -> file.toString().endsWith(".ko"))
          .map(file -> root.relativize(file).toString())
          .forEach(path -> found.pathByName.put(nameOf(path), path));
    }
    for (String line : Files.readAllLines(directory.resolve("modules.builtin"))) {
      found.builtIn.add(nameOf(line.strip()));
    }
    return found;
  }

  /**
   * The paths of these modules in this order, each after what it depends on, without what is built
   * in.
   */
  List<String> loadOrder(List<String> wanted) throws BuildException, IOException {
    List<String> order = new ArrayList<>();
    for (String name : wanted) {
      add(canonical(name), order, new ArrayList<>());
    }
    return order;
  }

  /**
   * The modules a pattern matches, sorted; none when it names what is built in.
   *
   * @param pattern a name, {@code *} matches any part of it
   */
  List<String> matching(String pattern) throws BuildException {
    Pattern form = Pattern.compile(canonical(pattern).replace("*", "[a-z0-9A-Z_]*"));
    List<String> names =
        pathByName.keySet().stream().filter(form.asMatchPredicate()).sorted().toList();
    if (names.isEmpty() && builtIn.stream().noneMatch(form.asMatchPredicate())) {
      throw new BuildException("the kernel package holds no module " + pattern);
    }
    return names;
  }

  /** Further names a module says it goes by. */
  List<String> aliases(String path) throws BuildException, IOException {
    return entries(path).stream()
        .filter(entry -> entry.startsWith("alias="))
        .map(entry -> entry.substring("alias=".length()))
        .toList();
  }

  /** A module as it is loaded. */
  byte[] image(String path) throws IOException {
    return Files.readAllBytes(root.resolve(path));
  }

  private void add(String name, List<String> order, List<String> above)
      throws BuildException, IOException {
    String path = pathByName.get(name);
    if (path == null) {
      if (builtIn.contains(name)) {
        return;
      }
      throw new BuildException("the kernel package holds no module " + name);
    }
    if (order.contains(path)) {
      return;
    }
    if (above.contains(name)) {
      throw new BuildException("the kernel's modules depend on each other: " + above);
    }
    List<String> chain = new ArrayList<>(above);
    chain.add(name);
    for (Dependency dependency : dependencies(path)) {
      if (dependency.required() || pathByName.containsKey(dependency.name())) {
        add(dependency.name(), order, chain);
      }
    }
    order.add(path);
  }

  private List<Dependency> dependencies(String path) throws BuildException, IOException {
    List<Dependency> found = new ArrayList<>();
    for (String entry : entries(path)) {
      if (entry.startsWith("depends=")) {
        addAll(found, entry.substring("depends=".length()).split(","), true);
      } else if (entry.startsWith("softdep=")) {
        String before = entry.substring("softdep=".length()).split("\\bpost:", 2)[0];
        addAll(found, before.replace("pre:", "").split("\\s+"), false);
      }
    }
    return found;
  }

  /** What the module says of itself, {@code key=value} each. */
  private List<String> entries(String path) throws BuildException, IOException {
    List<String> known = entriesByPath.get(path);
    if (known != null) {
      return known;
    }
    Optional<byte[]> section;
    try {
      section =
          ElfFile.of(Files.readAllBytes(root.resolve(path)))
              .orElseThrow(() -> new BuildException(path + " is no x86_64 kernel module"))
              .section(".modinfo");
    } catch (IllegalArgumentException e) {
      throw new BuildException(path + " is a broken kernel module", e);
    }
    String text = new String(section.orElse(new byte[0]), StandardCharsets.ISO_8859_1);
    List<String> entries = List.of(text.split("\0+"));
    entriesByPath.put(path, entries);
    return entries;
  }

  private static void addAll(List<Dependency> found, String[] names, boolean required) {
    for (String name : names) {
      if (!name.isBlank()) {
        found.add(new Dependency(canonical(name.strip()), required));
      }
    }
  }

  /** The last part of a path, without its ending. */
  static String nameOf(String path) {
    String file = path.substring(path.lastIndexOf('/') + 1);
    return canonical(file.endsWith(".ko") ? file.substring(0, file.length() - 3) : file);
  }

  /** The kernel takes both characters for one. */
  static String canonical(String name) {
    return name.replace('-', '_');
  }

  private record Dependency(String name, boolean required) {}
}
