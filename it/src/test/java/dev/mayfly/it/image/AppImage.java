package dev.mayfly.it.image;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Versions of an image as a user has it: layers on layers, a user, a directory, an entrypoint. */
final class AppImage {
  private final Path directory;
  private final Path layout;

  AppImage(Path directory) throws Exception {
    this.directory = Files.createDirectories(directory);
    this.layout = SavedImages.layout(directory.resolve("layout"));
    SavedImages.busybox(layout, "app");
    write("etc/passwd", "root:x:0:0::/root:/bin/busybox\napp:x:1000:1000::/srv:/bin/busybox\n");
    configure("--config.user", "app");
    configure("--config.entrypoint", "/bin/busybox");
    configure("--config.cmd", "sh", "--config.cmd", "/srv/greet", "--config.cmd", "by default");
  }

  /** The next version: one layer more, which replaces a file of the one before. */
  void greet(String version) throws Exception {
    write(
        "srv/greet",
        "echo \"$GREETING from " + version + " as $(busybox id -un) in $(busybox pwd) with $*\"\n");
  }

  void push(LoopbackRegistry registry, String tag) throws Exception {
    RawPush.to(registry).image(layout, "app", "app", tag);
  }

  /**
   * An image whose only layer leads out of its root.
   *
   * @param tag in the repository {@code hostile}
   */
  void pushHostile(LoopbackRegistry registry, String tag) throws Exception {
    Path file = Files.writeString(directory.resolve("evil"), "evil");
    Path layer = directory.resolve("hostile.tar");
    ImageFleet.run(
        "tar",
        "--create",
        "--absolute-names",
        "--transform=s,^.*$,../../../../tmp/mayfly-evil,",
        "--file=" + layer,
        file.toString());
    RawPush push = RawPush.to(registry);
    byte[] bytes = Files.readAllBytes(layer);
    var layerDigest = push.blob("hostile", bytes);
    byte[] config =
        """
        {"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/sh"]},"rootfs":{"type":"layers","diff_ids":["%s"]}}\
        """
            .formatted(layerDigest)
            .getBytes(StandardCharsets.UTF_8);
    var configDigest = push.blob("hostile", config);
    String type = "application/vnd.oci.image.";
    push.manifest(
        "hostile",
        tag,
        type + "manifest.v1+json",
        """
        {"schemaVersion":2,"mediaType":"%smanifest.v1+json","config":{"mediaType":"%sconfig.v1+json","digest":"%s","size":%d},"layers":[{"mediaType":"%slayer.v1.tar","digest":"%s","size":%d}]}\
        """
            .formatted(type, type, configDigest, config.length, type, layerDigest, bytes.length)
            .getBytes(StandardCharsets.UTF_8));
  }

  private void write(String path, String text) throws Exception {
    Path file = directory.resolve("file");
    Files.writeString(file, text);
    SavedImages.insert(layout, "app", file, "/" + path);
  }

  private void configure(String... options) throws Exception {
    String[] command = new String[options.length + 4];
    command[0] = "umoci";
    command[1] = "config";
    command[2] = "--image";
    command[3] = layout + ":app";
    System.arraycopy(options, 0, command, 4, options.length);
    SavedImages.run(command);
  }
}
