package dev.mayfly.image.registry;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleFormatException;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleSignature;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.BundleVerifier;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.oci.MediaTypes;
import dev.mayfly.image.oci.OciDescriptor;
import dev.mayfly.image.oci.OciException;
import dev.mayfly.image.oci.OciManifest;
import dev.mayfly.image.oci.OciPlatform;
import dev.mayfly.image.source.RegistryReference;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import land.oras.ContainerRef;
import land.oras.Manifest;
import land.oras.Registry;
import land.oras.exception.OrasException;
import tools.jackson.core.JacksonException;

/** Brings boot bundles to registries and back. Not thread-safe. */
public final class BundleTransfer {
  /** Of one file: a gigabyte over a slow line. */
  private static final Duration UPLOAD = Duration.ofMinutes(30);

  private static final Duration DOCUMENT = Duration.ofMinutes(1);

  private final BundleStore store;
  private final RegistryAccess access;
  private final LayerCache cache;
  private final Consumer<String> notes;

  /**
   * @param notes told in a line what happens, from the calling thread
   */
  public BundleTransfer(
      BundleStore store, RegistryAccess access, LayerCache cache, Consumer<String> notes) {
    this.store = store;
    this.access = access;
    this.cache = cache;
    this.notes = notes;
  }

  /**
   * Pushes a bundle with its signatures; what the repository has already is not sent again.
   *
   * @param reference with a tag
   * @return the digest of the artifact in the registry, by which it can be pinned
   */
  public Sha256 push(BootBundle bundle, RegistryReference reference)
      throws IOException, InterruptedException {
    if (reference.digest().isPresent()) {
      throw OciException.wrong("a bundle is pushed to a tag; " + reference + " has a digest");
    }
    new BundleVerifier().verify(bundle);
    String encoded = BundleArtifact.encode(bundle, store.signatures(bundle.digest()));
    RegistryAccess.Pushing pushing = access.pushing(reference);
    ContainerRef ref = pushing.client().ref();
    for (BundleFile file : bundle.manifest().files()) {
      Path path = store.blobs().find(file.sha256()).orElseThrow();
      notes.accept("pushing " + file.name() + ", " + (file.size() >> 20) + " MiB");
      blob(pushing, file.sha256(), file.size(), () -> open(path));
    }
    byte[] manifest = bundle.manifest().toBytes();
    blob(pushing, bundle.digest(), manifest.length, () -> new ByteArrayInputStream(manifest));
    Sha256 digest = Sha256.of(BundleArtifact.bytes(encoded));
    String what = "the manifest of " + reference;
    Registry registry = pushing.registry();
    send(pushing, what, DOCUMENT, () -> registry.pushManifest(ref, Manifest.fromJson(encoded)));
    RegistryClient.Document stored = pushing.client().manifest(digest);
    if (!stored.mediaType().equals(MediaTypes.MANIFEST)) {
      throw OciException.outside(
          pushing.client().registry() + " keeps " + what + " as " + stored.mediaType());
    }
    return digest;
  }

  /**
   * Pulls a bundle, checks all of it and publishes it in the store, without a name.
   *
   * @return the bundle; its manifest names the image that it was built for
   */
  public BootBundle pull(RegistryReference reference) throws IOException, InterruptedException {
    RegistryPull.Found found =
        new RegistryPull(access, cache, OciPlatform.ofThisMachine(), notes).manifest(reference);
    String what = reference.toString();
    OciManifest artifact = found.manifest();
    BundleArtifact.requireBundle(what, artifact);
    List<BundleSignature> signatures = BundleArtifact.signatures(what, artifact);
    ParallelDownload first = new ParallelDownload(cache, found.clients(), notes);
    first.fetch(List.of(artifact.config()));
    BundleManifest manifest = manifest(what, first.file(artifact.config()));
    List<OciDescriptor> files = BundleArtifact.files(what, artifact, manifest);
    List<OciDescriptor> missing =
        files.stream().filter(file -> store.blobs().find(file.digest()).isEmpty()).toList();
    ParallelDownload rest = new ParallelDownload(cache, found.clients(), notes);
    rest.fetch(missing);
    for (OciDescriptor file : missing) {
      store.blobs().take(rest.file(file), file.digest(), file.size());
    }
    BootBundle bundle = store.assemble(manifest, signatures);
    Set<Sha256> needed = new HashSet<>();
    files.forEach(file -> needed.add(file.digest()));
    cache.trim(needed, Instant.now());
    return bundle;
  }

  private static BundleManifest manifest(String what, Path file) throws IOException {
    try {
      return BundleManifest.parse(Files.readAllBytes(file));
    } catch (BundleFormatException e) {
      throw OciException.wrong(what + " holds no boot bundle: " + e.getMessage(), e);
    }
  }

  private void blob(
      RegistryAccess.Pushing pushing, Sha256 digest, long size, Supplier<InputStream> bytes)
      throws IOException, InterruptedException {
    ContainerRef ref = pushing.client().ref().withDigest(digest.toString());
    send(
        pushing,
        "blob " + digest,
        UPLOAD,
        () -> pushing.registry().pushBlob(ref, size, bytes, Map.of()));
  }

  private static void send(
      RegistryAccess.Pushing pushing, String what, Duration time, Supplier<?> request)
      throws IOException, InterruptedException {
    String registry = pushing.client().registry();
    try {
      Patience.call(registry, time, request::get);
    } catch (OrasException | JacksonException | IllegalArgumentException e) {
      throw Failures.of(registry, what, e);
    }
  }

  private static InputStream open(Path file) {
    try {
      return Files.newInputStream(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
