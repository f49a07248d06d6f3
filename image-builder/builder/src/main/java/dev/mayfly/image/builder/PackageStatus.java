package dev.mayfly.image.builder;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads what is installed from a distribution's own record: dpkg's, and apk's. A record is as
 * hostile as the image it is from; its size is the caller's to limit.
 */
final class PackageStatus {
  /** Where dpkg keeps its record. */
  static final String DPKG = "var/lib/dpkg/status";

  /** Where images without dpkg itself keep one record a package. */
  static final String DPKG_PARTS = "var/lib/dpkg/status.d";

  /** Where apk keeps its record, since ever and in newer versions. */
  static final List<String> APK = List.of("lib/apk/db/installed", "usr/lib/apk/db/installed");

  /** A whole desktop has five thousand. */
  static final int MAX_PACKAGES = 50_000;

  private static final Pattern NAME = Pattern.compile("(?m)^Package: (\\S+)$");
  private static final Pattern VERSION = Pattern.compile("(?m)^Version: (\\S+)$");
  private static final Pattern ARCHITECTURE = Pattern.compile("(?m)^Architecture: (\\S+)$");
  private static final Pattern SIZE = Pattern.compile("(?m)^Installed-Size: ([0-9]{1,12})$");
  private static final Pattern STATUS = Pattern.compile("(?m)^Status: (.*)$");
  private static final Pattern APK_NAME = Pattern.compile("(?m)^P:(\\S+)$");
  private static final Pattern APK_VERSION = Pattern.compile("(?m)^V:(\\S+)$");
  private static final Pattern APK_ARCHITECTURE = Pattern.compile("(?m)^A:(\\S+)$");
  private static final Pattern APK_SIZE = Pattern.compile("(?m)^I:([0-9]{1,15})$");
  private static final Pattern PARAGRAPH_END = Pattern.compile("\n\n+");

  private PackageStatus() {}

  /** The text of {@link #DPKG}, or of one file below {@link #DPKG_PARTS}; sorted. */
  static List<InstalledPackage> dpkg(String status) throws BuildException {
    List<InstalledPackage> packages = new ArrayList<>();
    for (String paragraph : paragraphs(status)) {
      Matcher state = STATUS.matcher(paragraph);
      // A record of its own file has no Status: what is there is installed.
      if (!state.find() || state.group(1).endsWith(" ok installed")) {
        packages.add(dpkgParagraph(paragraph));
      }
    }
    packages.sort(InstalledPackage.ORDER);
    return packages;
  }

  /** One paragraph of dpkg's, such as {@code dpkg-deb --field} prints. */
  static InstalledPackage dpkgParagraph(String paragraph) throws BuildException {
    return new InstalledPackage(
        "deb",
        required("name", NAME, paragraph),
        required("version", VERSION, paragraph),
        optional(ARCHITECTURE, paragraph),
        kibibytes(optional(SIZE, paragraph)));
  }

  /** The text of one of {@link #APK}; sorted. */
  static List<InstalledPackage> apk(String installed) throws BuildException {
    List<InstalledPackage> packages = new ArrayList<>();
    for (String paragraph : paragraphs(installed)) {
      packages.add(
          new InstalledPackage(
              "apk",
              required("name", APK_NAME, paragraph),
              required("version", APK_VERSION, paragraph),
              optional(APK_ARCHITECTURE, paragraph),
              bytes(optional(APK_SIZE, paragraph))));
    }
    packages.sort(InstalledPackage.ORDER);
    return packages;
  }

  private static List<String> paragraphs(String text) throws BuildException {
    List<String> paragraphs = new ArrayList<>();
    for (String paragraph : PARAGRAPH_END.splitAsStream(text).toList()) {
      if (!paragraph.isBlank()) {
        paragraphs.add(paragraph);
      }
    }
    if (paragraphs.size() > MAX_PACKAGES) {
      throw new BuildException(
          "the image's package record has more than " + MAX_PACKAGES + " packages");
    }
    return paragraphs;
  }

  private static String required(String what, Pattern field, String paragraph)
      throws BuildException {
    String value = optional(field, paragraph);
    if (value.isEmpty()) {
      throw new BuildException("a package's record in the image lacks its " + what);
    }
    return value;
  }

  private static String optional(Pattern field, String paragraph) {
    Matcher matcher = field.matcher(paragraph);
    return matcher.find() ? matcher.group(1) : "";
  }

  private static long kibibytes(String number) {
    return bytes(number) << 10;
  }

  private static long bytes(String number) {
    return number.isEmpty() ? 0 : Long.parseLong(number);
  }
}
