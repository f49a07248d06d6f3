package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What the distribution's kernel is taken from: {@code image-builder/recipes/stock.kernel}, which
 * explains each member.
 *
 * @param metapackage depends on the package that holds the kernel
 * @param suites the main suite first
 * @param modules loaded at boot, in this order
 * @param onDemand patterns of what is loaded when a job first needs it
 * @param alsoCalled by module, names the kernel asks by that the module does not say
 * @param sha256 of the file's bytes
 */
record StockKernelDefinition(
    String flavour,
    boolean needsAcpi,
    String metapackage,
    List<String> suites,
    String component,
    List<String> modules,
    List<String> onDemand,
    Map<String, List<String>> alsoCalled,
    Sha256 sha256) {

  private static final String RESOURCE = "/dev/mayfly/image/recipes/stock.kernel";
  private static final Set<String> REPEATABLE =
      Set.of("extra-suites", "modules", "modules-on-demand");
  private static final Pattern WORD = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");
  private static final Pattern WORDS_WITH_STAR = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._*-]*");
  private static final Pattern CALLED = Pattern.compile("[a-z0-9_]+=[A-Za-z0-9:_.-]+");
  private static final Pattern PACKAGE = Pattern.compile("[a-z0-9][a-z0-9.+-]+");

  StockKernelDefinition {
    suites = List.copyOf(suites);
    modules = List.copyOf(modules);
    onDemand = List.copyOf(onDemand);
    alsoCalled = Map.copyOf(alsoCalled);
  }

  /** The one this program carries. */
  static StockKernelDefinition load() throws BuildException, IOException {
    try (InputStream in = StockKernelDefinition.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("stock.kernel is missing from this build");
      }
      return parse(in.readNBytes(KeyValueFile.MAX_BYTES + 1));
    }
  }

  static StockKernelDefinition parse(byte[] bytes) throws BuildException {
    KeyValueFile file = KeyValueFile.parse("stock.kernel", bytes, REPEATABLE);
    List<String> suites = new ArrayList<>(List.of(file.one("suite", WORD)));
    suites.addAll(file.words("extra-suites", WORD));
    StockKernelDefinition definition =
        new StockKernelDefinition(
            file.one("flavour", WORD),
            file.yesOrNo("needs-acpi"),
            file.one("package", PACKAGE),
            suites,
            file.one("component", WORD),
            file.words("modules", WORD),
            file.words("modules-on-demand", WORDS_WITH_STAR),
            alsoCalled(file.words("also-called", CALLED)),
            Sha256.of(bytes));
    file.end();
    return definition;
  }

  private static Map<String, List<String>> alsoCalled(List<String> words) {
    Map<String, List<String>> names = new HashMap<>();
    for (String word : words) {
      int equals = word.indexOf('=');
      names
          .computeIfAbsent(word.substring(0, equals), absent -> new ArrayList<>())
          .add(word.substring(equals + 1));
    }
    return names;
  }
}
