package dev.mayfly.image.bundle;

import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleManifest.Initramfs;
import dev.mayfly.image.bundle.BundleManifest.Rootfs;
import dev.mayfly.image.bundle.BundleManifest.Sbom;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One published boot bundle on this host. Its manifest has been checked against the digest; its
 * files have not: see {@link BundleVerifier}.
 *
 * @param directory absolute
 */
public record BootBundle(Sha256 digest, Path directory, BundleManifest manifest) {

  /** ELF with a PVH entry. */
  public Path kernel() {
    return path(manifest.kernel().file());
  }

  /** A cpio archive, with the guest agent where the guest has one. */
  public Optional<Path> initramfs() {
    return manifest.initramfs().map(Initramfs::file).map(this::path);
  }

  /** The packages in it. */
  public Optional<Path> sbom() {
    return manifest.sbom().map(Sbom::file).map(this::path);
  }

  /** The read-only root file system; absent where the system lives elsewhere. */
  public Optional<Path> rootfs() {
    return manifest.rootfs().map(Rootfs::file).map(this::path);
  }

  /** Bytes of all files together. */
  public long size() {
    return manifest.files().stream().mapToLong(BundleFile::size).sum();
  }

  /** Whether every file is there and has its size; quick, and no proof of its content. */
  public boolean isComplete() {
    try {
      for (BundleFile file : manifest.files()) {
        BundleVerifier.requireSize(path(file), file);
      }
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  Path path(BundleFile file) {
    return directory.resolve(file.name());
  }
}
