package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleSignature;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Serves copies of bundles in small pieces, and goes wrong as a test says: it can break off after
 * so many pieces, each time, or hold a piece back. Thread-safe.
 */
final class ServingSource implements BundleSource {
  static final int PIECE_BYTES = 4;

  private final Map<Sha256, Document> documents = new ConcurrentHashMap<>();
  private final Map<Sha256, byte[]> blobs = new ConcurrentHashMap<>();
  private final AtomicInteger asked = new AtomicInteger();
  private final AtomicInteger sent = new AtomicInteger();
  private final AtomicInteger fetches = new AtomicInteger();
  private volatile int breakAfter = Integer.MAX_VALUE;
  private volatile boolean onlyOnce;
  private volatile @Nullable CountDownLatch hold;
  private final CountDownLatch held = new CountDownLatch(1);

  /** Serves every bundle of a store, from copies, so that nothing is a file of both. */
  void serve(BundleStore store, Path copies) throws IOException {
    Files.createDirectories(copies);
    for (BootBundle bundle : store.list()) {
      for (BundleFile file : bundle.manifest().files()) {
        blobs.put(file.sha256(), Files.readAllBytes(bundle.directory().resolve(file.name())));
      }
      documents.put(
          bundle.digest(),
          new Document(
              new String(bundle.manifest().toBytes(), StandardCharsets.UTF_8),
              store.signatures(bundle.digest())));
    }
  }

  /** The blob has other bytes from now on. */
  void replace(Sha256 digest, byte[] bytes) {
    blobs.put(digest, bytes);
  }

  byte[] blob(Sha256 digest) {
    return java.util.Objects.requireNonNull(blobs.get(digest));
  }

  /** Another manifest under this digest. */
  void forge(Sha256 digest, String manifest) {
    documents.put(digest, new Document(manifest, List.<BundleSignature>of()));
  }

  void forget(Sha256 digest) {
    documents.remove(digest);
  }

  /** Breaks off after so many pieces, in each fetch or in the first that gets there. */
  void breakAfter(int pieces, boolean once) {
    breakAfter = pieces;
    onlyOnce = once;
  }

  /** Sends nothing more until the latch is open; says when somebody waits for that. */
  CountDownLatch holdUntil(CountDownLatch open) {
    hold = open;
    return held;
  }

  int asked() {
    return asked.get();
  }

  /** Bytes that were sent in all. */
  int sent() {
    return sent.get();
  }

  int fetches() {
    return fetches.get();
  }

  @Override
  public int places() {
    return 2;
  }

  @Override
  public Document bundle(Sha256 digest) throws SourceFailure {
    asked.incrementAndGet();
    var document = documents.get(digest);
    if (document == null) {
      throw new SourceFailure(true, "the orchestrator does not have it", null);
    }
    return document;
  }

  @Override
  public void fetch(Sha256 digest, long offset, Sink sink)
      throws SourceFailure, IOException, InterruptedException {
    fetches.incrementAndGet();
    var bytes = blob(digest);
    sink.size(bytes.length);
    int pieces = 0;
    for (int at = (int) offset; at < bytes.length; at += PIECE_BYTES) {
      var open = hold;
      if (open != null) {
        held.countDown();
        open.await();
      }
      if (pieces++ >= breakAfter) {
        if (onlyOnce) {
          breakAfter = Integer.MAX_VALUE;
        }
        throw new SourceFailure(false, "the connection broke", null);
      }
      int count = Math.min(PIECE_BYTES, bytes.length - at);
      sent.addAndGet(count);
      sink.piece(ByteBuffer.wrap(bytes, at, count));
    }
  }
}
