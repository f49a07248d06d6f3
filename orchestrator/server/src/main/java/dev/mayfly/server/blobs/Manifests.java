package dev.mayfly.server.blobs;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.core.image.StoredBundle;
import dev.mayfly.core.image.StoredBundle.NeededBlob;
import dev.mayfly.image.bundle.BundleFormatException;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Manifests as the stores keep them, and back. */
public final class Manifests {
  private static final Logger log = LoggerFactory.getLogger(Manifests.class);

  private Manifests() {}

  /**
   * The bundle of a manifest.
   *
   * @throws BundleFormatException naming what is wrong with it
   */
  static StoredBundle bundle(
      byte[] manifest, Map<String, StoredBundle.Signature> signatures, Instant at)
      throws BundleFormatException {
    BundleManifest parsed = BundleManifest.parse(manifest);
    Map<BlobDigest, NeededBlob> blobs = new LinkedHashMap<>();
    for (BundleFile file : parsed.files()) {
      BlobDigest digest = new BlobDigest(file.sha256().toString());
      blobs.put(digest, new NeededBlob(digest, file.size()));
    }
    return new StoredBundle(
        new BundleDigest(parsed.digest().toString()),
        manifest,
        signatures,
        new ImageRef(parsed.name()),
        parsed.architecture(),
        parsed.files().stream().mapToLong(BundleFile::size).sum(),
        parsed.provenance().source().digest().toString(),
        List.copyOf(blobs.values()),
        at);
  }

  /**
   * What a stored manifest says; nothing when it is of a schema that this program does not read.
   */
  public static Optional<BundleManifest> read(StoredBundle bundle) {
    try {
      return Optional.of(BundleManifest.parse(bundle.manifest()));
    } catch (BundleFormatException unreadable) {
      log.atWarn()
          .addKeyValue("bundle", bundle.digest())
          .addKeyValue("problem", unreadable.getMessage())
          .log("Stored manifest could not be read");
      return Optional.empty();
    }
  }
}
