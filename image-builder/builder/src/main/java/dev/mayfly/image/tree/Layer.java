package dev.mayfly.image.tree;

import dev.mayfly.image.bundle.Sha256;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One tar archive, plain or compressed by gzip, zstd or xz; which of them its first bytes tell.
 *
 * @param name what a person calls it, for errors: {@code layer 3 of 7 (sha256:…)}
 * @param file read once, from its beginning
 * @param diffId of the archive's bytes once decompressed; checked where given
 * @param whiteouts whether {@code .wh.x} removes {@code x} of the layers below, as the OCI image
 *     specification has it; in any other archive such a name is a name like others
 */
public record Layer(String name, Path file, Optional<Sha256> diffId, boolean whiteouts) {
  /** A layer of an OCI image. */
  public static Layer ofImage(String name, Path file, Sha256 diffId) {
    return new Layer(name, file, Optional.of(diffId), true);
  }

  /** A root file system packed by anybody. */
  public static Layer ofArchive(String name, Path file) {
    return new Layer(name, file, Optional.empty(), false);
  }
}
