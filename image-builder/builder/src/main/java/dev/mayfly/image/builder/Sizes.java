package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Says what an image costs: the bytes of its files, and which packages are the largest. */
final class Sizes {
  private static final int PACKAGES = 10;

  private Sizes() {}

  /** One line for each file of a bundle, largest first. */
  static List<String> files(BootBundle bundle) {
    BundleManifest manifest = bundle.manifest();
    List<BundleFile> files = new ArrayList<>(manifest.files());
    files.sort(Comparator.comparingLong(BundleFile::size).reversed());
    List<String> lines = new ArrayList<>();
    for (BundleFile file : files) {
      lines.add(line(file.size(), file.name()));
    }
    return lines;
  }

  /** The lines of {@link #files}, and of {@link #packages} where the bundle lists them. */
  static List<String> of(BootBundle bundle) throws IOException, BuildException {
    List<String> lines = new ArrayList<>(files(bundle));
    Optional<BundleFile> sbom = bundle.manifest().sbom().map(BundleManifest.Sbom::file);
    if (sbom.isPresent()) {
      byte[] document = Files.readAllBytes(bundle.directory().resolve(sbom.get().name()));
      lines.add("The largest packages, unpacked, before anything was removed from them:");
      lines.addAll(packages(Sbom.decode(document)));
    }
    return lines;
  }

  /**
   * One line for each of the largest packages, with what they take unpacked, as they say
   * themselves: before the recipe removes anything, and before compression.
   */
  static List<String> packages(List<InstalledPackage> packages) {
    return packages.stream()
        .sorted(
            Comparator.comparingLong(InstalledPackage::installedBytes)
                .reversed()
                .thenComparing(InstalledPackage.ORDER))
        .limit(PACKAGES)
        .map(each -> line(each.installedBytes(), each.name() + " " + each.version()))
        .toList();
  }

  private static String line(long bytes, String what) {
    return String.format(Locale.ROOT, "%8.1f MiB  %s", bytes / 1048576.0, what);
  }
}
