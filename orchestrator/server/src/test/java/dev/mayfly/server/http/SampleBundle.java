package dev.mayfly.server.http;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleManifest.Agent;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.BundleManifest.Guest;
import dev.mayfly.image.bundle.BundleManifest.Initramfs;
import dev.mayfly.image.bundle.BundleManifest.Kernel;
import dev.mayfly.image.bundle.BundleManifest.Provenance;
import dev.mayfly.image.bundle.BundleManifest.Rootfs;
import dev.mayfly.image.bundle.BundleManifest.Source;
import dev.mayfly.image.bundle.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/** A bundle of small files whose contents nobody else has. */
public final class SampleBundle {
  private static final int ROOTFS_BYTES = 300_000;

  private final Map<BlobDigest, byte[]> blobs = new LinkedHashMap<>();
  private final BundleManifest manifest;

  public SampleBundle(String name) {
    String own = UUID.randomUUID().toString();
    BundleFile kernel = file("vmlinux", ("kernel " + own).getBytes(StandardCharsets.UTF_8));
    BundleFile initramfs =
        file("initramfs.cpio.gz", ("agent " + own).getBytes(StandardCharsets.UTF_8));
    byte[] content = own.repeat(ROOTFS_BYTES / own.length()).getBytes(StandardCharsets.UTF_8);
    BundleFile rootfs = file("rootfs.erofs", content);
    manifest =
        new BundleManifest(
            name,
            "x86_64",
            Guest.AGENT,
            new Kernel(kernel, "6.1.0", "debian-cloud", true, ""),
            Optional.of(new Initramfs(initramfs, Optional.of(new Agent("0.1", 1)))),
            Optional.of(new Rootfs(rootfs, "erofs")),
            Optional.empty(),
            new Defaults(List.of("LANG=C.UTF-8", "NAME=ä"), "", "/", List.of(), List.of("sh")),
            new Provenance(
                new Source("registry", "maven:3", Sha256.of(content)), "0.1", List.of(), 0));
  }

  private BundleFile file(String name, byte[] bytes) {
    Sha256 sha256 = Sha256.of(bytes);
    blobs.put(new BlobDigest(sha256.toString()), bytes);
    return new BundleFile(name, sha256, bytes.length);
  }

  /** In the order of the manifest: kernel, initramfs, root disk. */
  public Map<BlobDigest, byte[]> blobs() {
    return blobs;
  }

  /** The largest of them. */
  public BlobDigest rootfs() {
    return List.copyOf(blobs.keySet()).getLast();
  }

  public byte[] rootfsBytes() {
    return Objects.requireNonNull(blobs.get(rootfs()));
  }

  public byte[] manifest() {
    return manifest.toBytes();
  }

  public BundleDigest digest() {
    return new BundleDigest(manifest.digest().toString());
  }

  public long size() {
    return blobs.values().stream().mapToLong(bytes -> bytes.length).sum();
  }
}
