package dev.mayfly.image.builder;

import dev.mayfly.image.tree.FileView;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The packages that a system's own package managers have on record. */
final class InstalledPackages implements PackageRecord {
  private static final List<String> OS_RELEASE = List.of("etc/os-release", "usr/lib/os-release");

  private static final int MAX_OS_RELEASE_BYTES = 64 << 10;

  /** A few hundred packages at about a kilobyte each, in the largest images some thousands. */
  private static final int MAX_RECORD_BYTES = 32 << 20;

  private static final int MAX_PART_BYTES = 64 << 10;

  /** Images with a record a package have some dozen. */
  private static final int MAX_PARTS = 2_000;

  private final String image;

  /**
   * @param image the image name the document is about
   */
  InstalledPackages(String image) {
    this.image = image;
  }

  @Override
  public Optional<byte[]> sbom(FileView files) throws BuildException, IOException {
    List<InstalledPackage> packages = read(files);
    return packages.isEmpty()
        ? Optional.empty()
        : Optional.of(Sbom.encode(image, distribution(files), packages));
  }

  /** Every file that is looked at, for a view that holds only some. */
  static boolean wants(String path) {
    return OS_RELEASE.contains(path)
        || path.equals(PackageStatus.DPKG)
        || path.startsWith(PackageStatus.DPKG_PARTS + "/")
        || PackageStatus.APK.contains(path);
  }

  static List<InstalledPackage> read(FileView files) throws BuildException, IOException {
    List<InstalledPackage> packages = new ArrayList<>();
    Optional<String> dpkg = text(files, PackageStatus.DPKG, MAX_RECORD_BYTES);
    if (dpkg.isPresent()) {
      packages.addAll(PackageStatus.dpkg(dpkg.get()));
    }
    List<String> parts = files.list(PackageStatus.DPKG_PARTS);
    if (parts.size() > MAX_PARTS) {
      throw new BuildException(PackageStatus.DPKG_PARTS + " has more than " + MAX_PARTS + " files");
    }
    for (String part : parts) {
      // Checksums of the package's files lie beside its record.
      if (!part.endsWith(".md5sums")) {
        packages.addAll(
            PackageStatus.dpkg(
                text(files, PackageStatus.DPKG_PARTS + "/" + part, MAX_PART_BYTES).orElse("")));
      }
    }
    for (String path : PackageStatus.APK) {
      Optional<String> apk = text(files, path, MAX_RECORD_BYTES);
      if (apk.isPresent()) {
        packages.addAll(PackageStatus.apk(apk.get()));
        break;
      }
    }
    return List.copyOf(packages);
  }

  private static Distribution distribution(FileView files) throws IOException {
    for (String path : OS_RELEASE) {
      Optional<String> text = text(files, path, MAX_OS_RELEASE_BYTES);
      if (text.isPresent()) {
        return Distribution.parse(text.get());
      }
    }
    return Distribution.UNKNOWN;
  }

  private static Optional<String> text(FileView files, String path, int limit) throws IOException {
    return files.read(path, limit).map(bytes -> new String(bytes, StandardCharsets.UTF_8));
  }
}
