package dev.mayfly.cli;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.rest.BundlePublication;
import dev.mayfly.api.rest.BundleSignatureText;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonReader;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.JsonValue.JsonObject;
import dev.mayfly.client.json.JsonValue.JsonText;
import dev.mayfly.client.json.MalformedJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The bundles that were built on this machine, as {@code ops/docs/boot-bundle.md} says that they
 * lie. Only what publishing needs is read; whoever stores the bundle checks it whole.
 */
final class LocalBundles {
  /** As large as the format allows names to be in all. */
  private static final int MAX_NAMES_BYTES = 1 << 20;

  /** Of the manifest; there is one version of each program on a machine. */
  private static final int SCHEMA = 2;

  private static final int MAX_SIGNATURES_BYTES = 16 * 1024;
  private static final List<String> PARTS = List.of("kernel", "initramfs", "rootfs", "sbom");

  private final Path directory;

  /**
   * @param directory {@code MAYFLY_HOME/images}
   */
  LocalBundles(Path directory) {
    this.directory = directory;
  }

  /** A file of a bundle. */
  record BundleFile(BlobDigest blob, Path path, long size) {}

  /** A bundle, not verified. */
  record LocalBundle(
      BundleDigest digest,
      String architecture,
      List<BundleFile> files,
      BundlePublication publication) {

    long size() {
      return files.stream().mapToLong(BundleFile::size).sum();
    }
  }

  /** Which name points to which bundle; none where nothing was built. */
  SortedMap<String, BundleDigest> names() throws CommandFailed, IOException {
    SortedMap<String, BundleDigest> names = new TreeMap<>();
    Path file = directory.resolve("names.json");
    byte[] bytes;
    try {
      bytes = read(file, MAX_NAMES_BYTES);
    } catch (NoSuchFileException none) {
      return names;
    }
    try {
      if (!(JsonReader.read(bytes) instanceof JsonObject object)) {
        throw new MalformedJson("it is not an object");
      }
      for (var name : object.members().entrySet()) {
        if (!(name.getValue() instanceof JsonText digest)) {
          throw new MalformedJson(name.getKey() + " is not a string");
        }
        names.put(name.getKey(), new BundleDigest(digest.value()));
      }
      return names;
    } catch (MalformedJson | IllegalArgumentException wrong) {
      throw unreadable(file, wrong);
    }
  }

  /** The bundle that a name points to. */
  LocalBundle bundle(String name) throws CommandFailed, IOException {
    BundleDigest digest = names().get(name);
    if (digest == null) {
      throw new CommandFailed(
          ExitCode.REFUSED,
          "there is no image " + name + " on this machine: mayfly image build " + name);
    }
    Path bundle = directory.resolve("bundles/sha256-" + digest.hex());
    Path manifest = bundle.resolve("manifest.json");
    try {
      byte[] bytes = read(manifest, BundlePublication.MAX_MANIFEST_BYTES);
      JsonFields fields = JsonFields.of(JsonReader.read(bytes));
      if (fields.integer("schema") != SCHEMA) {
        throw new CommandFailed(
            ExitCode.REFUSED,
            name + " is a bundle of another version of Mayfly: mayfly image build " + name);
      }
      List<BundleFile> files = new ArrayList<>();
      for (String part : PARTS) {
        BundleFile file = fields.optionalObject(part, member -> file(bundle, member));
        if (file != null) {
          files.add(file);
        }
      }
      return new LocalBundle(
          digest,
          fields.text("architecture"),
          List.copyOf(files),
          new BundlePublication(new String(bytes, StandardCharsets.UTF_8), signatures(bundle)));
    } catch (NoSuchFileException gone) {
      throw new CommandFailed(
          ExitCode.FAULT, "the bundle of " + name + " is not complete: there is no " + manifest);
    } catch (MalformedJson | IllegalArgumentException wrong) {
      throw unreadable(manifest, wrong);
    }
  }

  private static BundleFile file(Path bundle, JsonFields fields) throws MalformedJson {
    String name = fields.text("file");
    // The bundle's own files only, whatever its manifest says.
    if (!name.matches("[a-z0-9][a-z0-9._-]*")) {
      throw new MalformedJson("file is not a plain file name");
    }
    return new BundleFile(
        new BlobDigest("sha256:" + fields.text("sha256")),
        bundle.resolve(name),
        fields.longNumber("size"));
  }

  private static @Nullable List<BundleSignatureText> signatures(Path bundle)
      throws CommandFailed, IOException {
    Path file = bundle.resolve("signatures.json");
    try {
      JsonValue document = JsonReader.read(read(file, MAX_SIGNATURES_BYTES));
      return JsonFields.of(document)
          .list(
              "signatures",
              signature ->
                  new BundleSignatureText(
                      signature.text("keyId"),
                      Base64.getEncoder()
                          .encodeToString(HexFormat.of().parseHex(signature.text("ed25519")))));
    } catch (NoSuchFileException unsigned) {
      return null;
    } catch (MalformedJson | IllegalArgumentException wrong) {
      throw unreadable(file, wrong);
    }
  }

  private static byte[] read(Path file, int most) throws IOException, CommandFailed {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(most + 1);
      if (bytes.length > most) {
        throw new CommandFailed(ExitCode.FAULT, file + " has more than " + most + " bytes");
      }
      return bytes;
    }
  }

  private static CommandFailed unreadable(Path file, Exception wrong) {
    return new CommandFailed(
        ExitCode.FAULT, "cannot understand " + file + ": " + wrong.getMessage());
  }
}
