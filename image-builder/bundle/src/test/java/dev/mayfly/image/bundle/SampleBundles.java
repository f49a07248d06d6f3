package dev.mayfly.image.bundle;

import dev.mayfly.image.bundle.BundleManifest.Agent;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.BundleManifest.Guest;
import dev.mayfly.image.bundle.BundleManifest.Initramfs;
import dev.mayfly.image.bundle.BundleManifest.Kernel;
import dev.mayfly.image.bundle.BundleManifest.Provenance;
import dev.mayfly.image.bundle.BundleManifest.Rootfs;
import dev.mayfly.image.bundle.BundleManifest.Sbom;
import dev.mayfly.image.bundle.BundleManifest.Source;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Small bundles whose files hold text, for tests of whatever stores, checks or boots bundles. */
public final class SampleBundles {
  private SampleBundles() {}

  /** The manifest of a bundle whose files hold {@code <content> <file name>}. */
  public static BundleManifest manifest(String name, String content) {
    return new BundleManifest(
        name,
        "x86_64",
        Guest.AGENT,
        new Kernel(file("vmlinux", content), "6.1.0-41-cloud-amd64", "debian-cloud", true, ""),
        Optional.of(
            new Initramfs(file("initramfs.cpio.gz", content), Optional.of(new Agent("0.1.0", 1)))),
        Optional.of(new Rootfs(file("rootfs.erofs", content), "erofs")),
        Optional.of(new Sbom(file("sbom.cdx.json", content), "cyclonedx-1.6")),
        new Defaults(
            List.of("PATH=/usr/bin:/bin", "LANG=C.UTF-8"),
            "",
            "/workspace",
            List.of("/entry"),
            List.of("serve", "--now")),
        new Provenance(
            new Source("recipe", name, Sha256.of(name.getBytes(StandardCharsets.UTF_8))),
            "0.1.0",
            List.of("linux-image-6.1.0-41-cloud-amd64=6.1.158-1"),
            1_704_067_200));
  }

  /** Writes the files, but not the manifest, into a new directory. */
  public static Path stage(Path directory, BundleManifest manifest, String content)
      throws IOException {
    Files.createDirectories(directory);
    for (BundleFile file : manifest.files()) {
      Files.writeString(directory.resolve(file.name()), text(file.name(), content));
    }
    return directory;
  }

  /** Publishes one such bundle and points its name to it. */
  public static BootBundle publish(BundleStore store, Path staging, String name, String content)
      throws IOException, InterruptedException {
    BundleManifest manifest = manifest(name, content);
    BootBundle bundle = store.publish(stage(staging, manifest, content), manifest);
    store.point(name, bundle.digest());
    return bundle;
  }

  private static BundleFile file(String name, String content) {
    byte[] bytes = text(name, content).getBytes(StandardCharsets.UTF_8);
    return new BundleFile(name, Sha256.of(bytes), bytes.length);
  }

  private static String text(String name, String content) {
    return content + " " + name;
  }
}
