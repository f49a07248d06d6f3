package dev.mayfly.image.oci;

import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** Reads images in the OCI image layout. */
public final class OciLayout {
  static final String INDEX = "index.json";

  private static final String TAG = "org.opencontainers.image.ref.name";

  private final String what;
  private final LayoutFiles files;
  private final OciPlatform here;

  OciLayout(String what, LayoutFiles files, OciPlatform here) {
    this.what = what;
    this.files = files;
    this.here = here;
  }

  /**
   * Of a directory.
   *
   * @param here what the image has to run on
   */
  public static OciLayout of(Path directory, OciPlatform here) throws OciException {
    if (!Files.isDirectory(directory)) {
      throw OciException.wrong("there is no directory " + directory);
    }
    Path absolute = directory.toAbsolutePath().normalize();
    return new OciLayout("OCI layout " + directory, LayoutFiles.of(absolute), here);
  }

  /**
   * The digest of an image's manifest; none of its layers is read.
   *
   * @param tag needed where there are several images
   */
  public Sha256 digest(Optional<String> tag) throws IOException {
    return manifest(tag).digest();
  }

  /** An image, each of its files checked against its digest. */
  public OciImage image(Optional<String> tag) throws IOException {
    OciDescriptor descriptor = manifest(tag);
    if (!(top(descriptor) instanceof OciDocuments.Top.Image(OciManifest manifest))) {
      throw new IllegalStateException("an index was chosen as an image");
    }
    OciDocuments.requireImage(what, manifest);
    List<Path> layers = new ArrayList<>();
    for (OciDescriptor layer : manifest.layers()) {
      layers.add(blob(layer));
    }
    return OciImage.of(
        what,
        descriptor.digest(),
        OciDocuments.config("the configuration of " + what, document(manifest.config())),
        layers,
        here);
  }

  private OciDescriptor manifest(Optional<String> tag) throws IOException {
    byte[] index = files.read(what, INDEX);
    if (!(OciDocuments.top(what + ", " + INDEX, index, MediaTypes.INDEX)
        instanceof OciDocuments.Top.Images(List<OciDescriptor> all))) {
      throw new IllegalStateException("an index was read as an image");
    }
    OciDescriptor chosen = tagged(all, tag);
    if (top(chosen) instanceof OciDocuments.Top.Images(List<OciDescriptor> platforms)) {
      chosen = OciDocuments.choose(what, platforms, here);
      if (top(chosen) instanceof OciDocuments.Top.Images) {
        throw OciException.wrong(what + " has an index of indexes, which is not read");
      }
    }
    return chosen;
  }

  private OciDescriptor tagged(List<OciDescriptor> all, Optional<String> tag) throws OciException {
    TreeSet<String> tags = new TreeSet<>();
    List<OciDescriptor> fitting = new ArrayList<>();
    for (OciDescriptor descriptor : all) {
      String name = descriptor.annotations().getOrDefault(TAG, "");
      if (!name.isEmpty()) {
        tags.add(name);
      }
      if (tag.isEmpty() || name.equals(tag.get()) || name.endsWith(":" + tag.get())) {
        fitting.add(descriptor);
      }
    }
    if (fitting.isEmpty()) {
      throw OciException.wrong(
          what + " has no image" + tag.map(name -> " tagged " + name).orElse("") + known(tags));
    }
    if (fitting.size() == 1) {
      return fitting.getFirst();
    }
    if (tag.isPresent() || tags.size() <= 1) {
      // One image for several platforms, without an index of its own.
      return OciDocuments.choose(what, fitting, here);
    }
    throw OciException.wrong(what + " has several images; name one by its tag" + known(tags));
  }

  private static String known(TreeSet<String> tags) {
    return tags.isEmpty() ? "" : "; tags there: " + String.join(", ", tags);
  }

  private OciDocuments.Top top(OciDescriptor descriptor) throws IOException {
    return OciDocuments.top(
        what + ", manifest " + descriptor.digest(), document(descriptor), descriptor.mediaType());
  }

  private byte[] document(OciDescriptor descriptor) throws IOException {
    byte[] bytes = files.read(what, name(descriptor));
    if (bytes.length != descriptor.size() || !Sha256.of(bytes).equals(descriptor.digest())) {
      throw damaged(descriptor);
    }
    return bytes;
  }

  private Path blob(OciDescriptor descriptor) throws IOException {
    Path file =
        files
            .find(name(descriptor))
            .orElseThrow(() -> OciException.wrong(what + " has no file " + name(descriptor)));
    if (Files.size(file) != descriptor.size() || !Sha256.ofFile(file).equals(descriptor.digest())) {
      throw damaged(descriptor);
    }
    return file;
  }

  private OciException damaged(OciDescriptor descriptor) {
    return OciException.wrong(
        what
            + " is damaged: "
            + name(descriptor)
            + " is not the "
            + descriptor.size()
            + " bytes with the digest in its name; save the image again");
  }

  private static String name(OciDescriptor descriptor) {
    return "blobs/sha256/" + descriptor.digest().hex();
  }
}
