package dev.mayfly.image.builder;

import dev.mayfly.image.tree.FileView;
import java.io.IOException;
import java.util.Optional;

/** Tells which packages are in a system, once its files are known. */
@FunctionalInterface
interface PackageRecord {
  /** The format of the bytes, as the manifest names it. */
  String FORMAT = "cyclonedx-1.6";

  /**
   * A CycloneDX 1.6 document, the same bytes for the same packages; empty where the system does not
   * tell.
   *
   * @param files empty where the system's files are not one tree of layers
   */
  Optional<byte[]> sbom(FileView files) throws BuildException, IOException;

  /** Of a system that does not tell. */
  static PackageRecord none() {
    return files -> Optional.empty();
  }
}
