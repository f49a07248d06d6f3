package dev.mayfly.it.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.image.bundle.Sha256;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes images in an OCI layout with umoci, from files of this machine's Debian packages. */
final class SavedImages {
  /** Of Debian's busybox-static. */
  static final Path BUSYBOX = Path.of("/bin/busybox");

  private SavedImages() {}

  /** A layout without an image. */
  static Path layout(Path directory) throws Exception {
    run("umoci", "init", "--layout", directory.toString());
    return directory;
  }

  /** An image of busybox alone, in one layer. */
  static void busybox(Path layout, String tag) throws Exception {
    String image = layout + ":" + tag;
    run("umoci", "new", "--image", image);
    insert(layout, tag, BUSYBOX, "/bin/busybox");
    run(
        "umoci",
        "config",
        "--image",
        image,
        "--config.env",
        "GREETING=hello",
        "--config.workingdir",
        "/srv",
        "--config.user",
        "1000:1000",
        "--config.entrypoint",
        "/bin/busybox",
        "--config.cmd",
        "sh",
        "--created",
        "2026-01-02T03:04:05Z",
        "--architecture",
        "amd64",
        "--os",
        "linux");
  }

  /** Adds a layer with one file. */
  static void insert(Path layout, String tag, Path file, String target) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("umoci", "insert", "--image", layout + ":" + tag));
    if (!System.getProperty("user.name").equals("root")) {
      command.add("--rootless");
    }
    command.addAll(List.of(file.toString(), target));
    run(command.toArray(String[]::new));
  }

  /** The digest that a tag has in a layout's index. */
  static Sha256 manifest(Path layout, String tag) throws Exception {
    String index = Files.readString(layout.resolve("index.json"));
    Matcher found =
        Pattern.compile(
                "\"digest\":\"(sha256:[0-9a-f]{64})\",\"size\":[0-9]+,(?:\"platform\":\\{[^}]*\\},)?\"annotations\":\\{\"org.opencontainers.image.ref.name\":\""
                    + Pattern.quote(tag)
                    + "\"")
            .matcher(index);
    assertThat(found.find()).as(index).isTrue();
    return Sha256.parse(found.group(1));
  }

  /** The digests of an image's layers. */
  static List<Sha256> layers(Path layout, String tag) throws Exception {
    String manifest = Files.readString(blob(layout, manifest(layout, tag)));
    Matcher found =
        Pattern.compile("\"digest\":\"(sha256:[0-9a-f]{64})\"")
            .matcher(manifest.substring(manifest.indexOf("\"layers\"")));
    List<Sha256> layers = new ArrayList<>();
    while (found.find()) {
      layers.add(Sha256.parse(found.group(1)));
    }
    return layers;
  }

  static Path blob(Path layout, Sha256 digest) {
    return layout.resolve("blobs/sha256").resolve(digest.hex());
  }

  static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", command) + ": " + output).isZero();
  }
}
