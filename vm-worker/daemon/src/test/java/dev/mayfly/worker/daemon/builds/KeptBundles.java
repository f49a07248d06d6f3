package dev.mayfly.worker.daemon.builds;

import dev.mayfly.image.bundle.BundleSignature;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Keeps what is handed over; can be out of reach for a while. Thread-safe. */
final class KeptBundles implements BundleTarget {
  private final Map<Sha256, byte[]> blobs = new ConcurrentHashMap<>();
  private final Map<Sha256, String> bundles = new ConcurrentHashMap<>();
  private final AtomicInteger failures = new AtomicInteger();

  /** The next so many blobs are not taken. */
  void fail(int times) {
    failures.set(times);
  }

  Map<Sha256, byte[]> blobs() {
    return blobs;
  }

  Map<Sha256, String> bundles() {
    return bundles;
  }

  @Override
  public List<Sha256> missing(List<Sha256> asked) {
    return asked.stream().filter(digest -> !blobs.containsKey(digest)).toList();
  }

  @Override
  public void store(Sha256 digest, Path file) throws TargetFailure, IOException {
    if (failures.getAndDecrement() > 0) {
      throw new TargetFailure(false, "out of reach", null);
    }
    var bytes = Files.readAllBytes(file);
    if (!Sha256.of(bytes).equals(digest)) {
      throw new TargetFailure(true, "wrong bytes", null);
    }
    blobs.put(digest, bytes);
  }

  @Override
  public void put(byte[] manifest, List<BundleSignature> signatures) {
    bundles.put(Sha256.of(manifest), new String(manifest, java.nio.charset.StandardCharsets.UTF_8));
  }
}
