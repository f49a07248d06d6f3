package dev.mayfly.image.registry;

import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.oci.OciDescriptor;
import dev.mayfly.image.oci.OciDocuments;
import dev.mayfly.image.oci.OciException;
import dev.mayfly.image.oci.OciImage;
import dev.mayfly.image.oci.OciManifest;
import dev.mayfly.image.oci.OciPlatform;
import dev.mayfly.image.source.RegistryReference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** Finds images in registries and brings their files here. Not thread-safe. */
public final class RegistryPull {
  private final RegistryAccess access;
  private final LayerCache cache;
  private final OciPlatform here;
  private final Consumer<String> notes;

  /**
   * @param notes told in a line what happens, from the calling thread
   */
  public RegistryPull(
      RegistryAccess access, LayerCache cache, OciPlatform here, Consumer<String> notes) {
    this.access = access;
    this.cache = cache;
    this.here = here;
    this.notes = notes;
  }

  /**
   * The manifest's digest of the image for this machine's platform, as the registry has it now: of
   * an index not its own digest, which changes with images for other machines. Costs one request
   * without a body when nothing has moved since the last one.
   */
  public Sha256 resolve(RegistryReference reference) throws IOException, InterruptedException {
    return manifest(reference).document().digest();
  }

  /** The image for this machine's platform, each of its files checked. */
  public OciImage pull(RegistryReference reference) throws IOException, InterruptedException {
    Found found = manifest(reference);
    OciManifest manifest = found.manifest();
    String what = reference.toString();
    OciDocuments.requireImage(what, manifest);
    requireSpace(what, manifest);
    Set<OciDescriptor> wanted = new LinkedHashSet<>();
    wanted.add(manifest.config());
    wanted.addAll(manifest.layers());
    if (manifest.config().size() > OciDocuments.MAX_BYTES) {
      throw OciException.wrong(
          what + " has a configuration of more than " + OciDocuments.MAX_BYTES + " bytes");
    }
    ParallelDownload download = new ParallelDownload(cache, found.clients(), notes);
    download.fetch(List.copyOf(wanted));
    List<Path> files = new ArrayList<>();
    Set<Sha256> needed = new HashSet<>();
    for (OciDescriptor layer : manifest.layers()) {
      files.add(download.file(layer));
      needed.add(layer.digest());
    }
    byte[] config = Files.readAllBytes(download.file(manifest.config()));
    cache.trim(needed, Instant.now());
    return OciImage.of(
        what,
        found.document().digest(),
        OciDocuments.config("the configuration of " + what, config),
        files,
        here);
  }

  /** The manifest of one image, and who has it. */
  record Found(
      RegistryClient.Document document, OciManifest manifest, List<RegistryClient> clients) {}

  /** Of a reference that may point to an index. */
  Found manifest(RegistryReference reference) throws IOException, InterruptedException {
    List<RegistryClient> clients = access.clients(reference);
    for (int i = 0; ; i++) {
      RegistryClient client = clients.get(i);
      try {
        // Who has the manifest is asked for the rest before those that come after it.
        return manifest(reference, client, clients.subList(i, clients.size()));
      } catch (OciException e) {
        if (i + 1 == clients.size()) {
          throw e;
        }
        notes.accept(e.getMessage() + "; trying " + clients.get(i + 1).registry());
      }
    }
  }

  private Found manifest(
      RegistryReference reference, RegistryClient client, List<RegistryClient> clients)
      throws IOException, InterruptedException {
    String what = reference.toString();
    RegistryClient.Document top = top(reference, client);
    return switch (OciDocuments.top(what, top.bytes(), top.mediaType())) {
      case OciDocuments.Top.Image image -> new Found(top, image.manifest(), clients);
      case OciDocuments.Top.Images images -> {
        OciDescriptor chosen = OciDocuments.choose(what, images.manifests(), here);
        String of = "the image for " + here + " of " + what;
        RegistryClient.Document document = cached(chosen.digest(), client);
        if (document.bytes().length != chosen.size()) {
          throw OciException.wrong(
              of
                  + " has "
                  + document.bytes().length
                  + " bytes, and the index says "
                  + chosen.size());
        }
        yield switch (OciDocuments.top(of, document.bytes(), document.mediaType())) {
          case OciDocuments.Top.Image image -> new Found(document, image.manifest(), clients);
          case OciDocuments.Top.Images _ ->
              throw OciException.wrong(
                  what + " is an index of indexes; name one of them by its digest");
        };
      }
    };
  }

  private RegistryClient.Document top(RegistryReference reference, RegistryClient client)
      throws IOException, InterruptedException {
    if (reference.digest().isPresent()) {
      return cached(reference.digest().get(), client);
    }
    Optional<Sha256> digest = client.head();
    if (digest.isPresent()) {
      return cached(digest.get(), client);
    }
    RegistryClient.Document document = client.manifest();
    cache.keep(document);
    return document;
  }

  private RegistryClient.Document cached(Sha256 digest, RegistryClient client)
      throws IOException, InterruptedException {
    Optional<RegistryClient.Document> present = cache.document(digest);
    if (present.isPresent()) {
      return present.get();
    }
    RegistryClient.Document document = client.manifest(digest);
    cache.keep(document);
    return document;
  }

  private void requireSpace(String what, OciManifest manifest) throws OciException {
    long needed = manifest.layers().stream().mapToLong(OciDescriptor::size).sum();
    long free = cache.usableBytes();
    if (needed > free) {
      throw OciException.wrong(
          what
              + " has "
              + (needed >> 20)
              + " MiB of layers, and there are "
              + (free >> 20)
              + " MiB free for them; free some space and try again");
    }
  }
}
