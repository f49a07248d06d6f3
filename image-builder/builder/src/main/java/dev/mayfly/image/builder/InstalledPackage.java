package dev.mayfly.image.builder;

import java.util.Comparator;

/**
 * One package of an image, as its distribution records it.
 *
 * @param type as package URLs say it: {@code deb}, {@code apk}
 * @param architecture as the distribution says it; may be empty
 * @param installedBytes what its files take, by its own account; 0: it does not say
 */
record InstalledPackage(
    String type, String name, String version, String architecture, long installedBytes) {
  /** By name, then by what tells two of one name apart. */
  static final Comparator<InstalledPackage> ORDER =
      Comparator.comparing(InstalledPackage::name)
          .thenComparing(InstalledPackage::architecture)
          .thenComparing(InstalledPackage::version)
          .thenComparing(InstalledPackage::type)
          .thenComparing(InstalledPackage::installedBytes);

  /** {@code name=version}. */
  String nameAndVersion() {
    return name + "=" + version;
  }
}
