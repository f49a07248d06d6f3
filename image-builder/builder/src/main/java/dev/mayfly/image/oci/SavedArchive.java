package dev.mayfly.image.oci;

import dev.mayfly.image.bundle.Sha256;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.CompressorException;
import org.apache.commons.compress.compressors.CompressorStreamFactory;
import tools.jackson.databind.JsonNode;

/**
 * Reads an archive that {@code docker save} wrote, or that holds an OCI image layout; plain or
 * compressed. Its members are copied into files with names of our own, so that no name in it means
 * anything to this machine.
 */
public final class SavedArchive {
  private static final String SAVED = "manifest.json";
  private static final String LATEST = ":latest";

  /** An image has some files for each layer, and at most 127 of those. */
  private static final int MAX_MEMBERS = 10_000;

  /** Larger than what anyone saves in one archive. */
  private static final long MAX_BYTES = 64L << 30;

  /** What a decompressor may take for itself; xz at its highest level needs 65 MiB. */
  private static final int MAX_DECOMPRESSOR_KIB = 128 << 10;

  private static final int BUFFER_BYTES = 1 << 17;

  /** Names of old archives, {@code <64 digits>/layer.tar}, are far shorter. */
  private static final int MAX_NAME = 1024;

  private final String what;
  private final Map<String, Path> members = new HashMap<>();
  private final Map<String, String> links = new HashMap<>();

  private SavedArchive(String what) {
    this.what = what;
  }

  /**
   * The image in the archive.
   *
   * @param tag needed where there are several images
   * @param spool an empty directory that the image's files are copied to
   */
  public static OciImage read(Path archive, Optional<String> tag, Path spool, OciPlatform here)
      throws IOException {
    SavedArchive saved = new SavedArchive("archive " + archive);
    try (InputStream file = new BufferedInputStream(Files.newInputStream(archive), BUFFER_BYTES)) {
      saved.copy(file, spool);
    } catch (NoSuchFileException e) {
      throw OciException.wrong("there is no archive " + archive, e);
    }
    if (saved.find(OciLayout.INDEX).isPresent()) {
      return new OciLayout(saved.what, saved::find, here).image(tag);
    }
    return saved.image(tag, here);
  }

  private void copy(InputStream file, Path spool) throws IOException {
    long left = MAX_BYTES;
    int count = 0;
    try (TarArchiveInputStream tar = new TarArchiveInputStream(decompressed(file))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        if (++count > MAX_MEMBERS) {
          throw OciException.wrong(what + " has more than " + MAX_MEMBERS + " members");
        }
        String name = plain(entry.getName());
        if (name.length() > MAX_NAME) {
          throw OciException.wrong(what + " has a member whose name is too long");
        }
        if (entry.isSymbolicLink() || entry.isLink()) {
          links.put(name, target(name, entry));
        } else if (entry.isFile()) {
          Path member = spool.resolve(Integer.toString(count));
          left -= copy(tar, member, left);
          members.put(name, member);
        }
      }
    } catch (OciException e) {
      throw e;
    } catch (IOException | IllegalArgumentException e) {
      if (count == 0) {
        throw OciException.wrong(what + " is no tar archive: " + e.getMessage(), e);
      }
      throw OciException.wrong(
          what + " cannot be read to its end: " + e.getMessage() + "; save the image again", e);
    }
  }

  private long copy(InputStream in, Path member, long limit) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    long copied = 0;
    try (OutputStream out = Files.newOutputStream(member)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        copied += read;
        if (copied > limit) {
          throw OciException.wrong(what + " has more than " + MAX_BYTES + " bytes");
        }
        out.write(buffer, 0, read);
      }
    }
    return copied;
  }

  private InputStream decompressed(InputStream file) throws IOException {
    try {
      String kind = CompressorStreamFactory.detect(file);
      return switch (kind) {
        case CompressorStreamFactory.GZIP,
            CompressorStreamFactory.ZSTANDARD,
            CompressorStreamFactory.XZ,
            CompressorStreamFactory.BZIP2 ->
            new CompressorStreamFactory(true, MAX_DECOMPRESSOR_KIB)
                .createCompressorInputStream(kind, file);
        default -> file;
      };
    } catch (CompressorException notCompressed) {
      return file;
    }
  }

  /** A link by which docker saved a layer that two images share. */
  private static String target(String name, TarArchiveEntry entry) {
    if (entry.isLink()) {
      return plain(entry.getLinkName());
    }
    return plain(Path.of("/" + name).resolveSibling(entry.getLinkName()).normalize().toString());
  }

  private static String plain(String name) {
    return Path.of("/" + name).normalize().toString().substring(1);
  }

  private Optional<Path> find(String name) {
    Path member = members.get(name);
    String target = links.get(name);
    return Optional.ofNullable(member != null || target == null ? member : members.get(target));
  }

  /** By docker's own {@code manifest.json}. */
  private OciImage image(Optional<String> tag, OciPlatform here) throws IOException {
    LayoutFiles files = this::find;
    if (find(SAVED).isEmpty()) {
      throw OciException.wrong(
          what
              + " has neither index.json nor manifest.json, so it is no saved image;"
              + " a root file system is named by tar:FILE");
    }
    String where = what + ", " + SAVED;
    JsonNode list = OciJson.parse(where, files.read(what, SAVED), OciDocuments.MAX_BYTES);
    JsonNode chosen = choose(where, list, tag);
    String configName = OciJson.text(where, chosen, "Config").orElse("");
    byte[] config = files.read(what, plain(configName));
    List<Path> layers = new ArrayList<>();
    for (String layer : OciJson.list(where, chosen, "Layers")) {
      layers.add(
          find(plain(layer)).orElseThrow(() -> OciException.wrong(what + " has no file " + layer)));
    }
    return OciImage.of(
        what,
        Sha256.of(config),
        OciDocuments.config("the configuration of " + what, config),
        layers,
        here);
  }

  private JsonNode choose(String where, JsonNode list, Optional<String> tag) throws OciException {
    List<JsonNode> fitting = new ArrayList<>();
    TreeSet<String> tags = new TreeSet<>();
    for (JsonNode image : list) {
      List<String> names = OciJson.list(where, image, "RepoTags");
      tags.addAll(names);
      if (tag.isEmpty()
          || names.stream()
              .anyMatch(name ->
                  name.equals(tag.get())
                      || name.endsWith(":" + tag.get())
                      || name.equals(tag.get() + LATEST))) {
        fitting.add(image);
      }
    }
    if (fitting.size() == 1) {
      return fitting.getFirst();
    }
    throw OciException.wrong(
        what
            + (fitting.isEmpty()
                ? " has no such image"
                : " has several images; name one by its tag")
            + (tags.isEmpty() ? "" : "; there are " + String.join(", ", tags)));
  }
}
