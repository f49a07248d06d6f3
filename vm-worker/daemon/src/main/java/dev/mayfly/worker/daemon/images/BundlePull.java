package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.BlobBusyException;
import dev.mayfly.image.bundle.BlobMissingException;
import dev.mayfly.image.bundle.BlobRefusedException;
import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleFormatException;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.IncomingBlob;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.core.bundle.BundleFailure;
import dev.mayfly.worker.core.bundle.BundleFailure.Kind;
import dev.mayfly.worker.daemon.images.BundleSource.SourceFailure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches one bundle: its manifest, then the files that are not here, several at once, each from
 * where the last attempt stopped. What has come stays whatever happens; the bundle appears when it
 * is whole and checked. {@link #run} once; the rest from any thread.
 */
final class BundlePull {
  /** Attempts in a row that bring not a byte. With the pauses between them that is 30 s or so. */
  static final int MAX_FRUITLESS = 8;

  /** Wrong bytes may come from a place that is broken; another one may be asked. */
  static final int MAX_REFUSED = 3;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(8);

  private static final Logger log = LoggerFactory.getLogger(BundlePull.class);

  private final Sha256 digest;
  private final PullPorts ports;
  private final PullObserver observer;
  private final AtomicLong received = new AtomicLong();
  private volatile boolean forJob;
  private volatile long bytesAtFirst;
  private volatile long bytesTotal;

  BundlePull(Sha256 digest, PullPorts ports, PullObserver observer, boolean forJob) {
    this.digest = digest;
    this.ports = ports;
    this.observer = observer;
    this.forJob = forJob;
  }

  /** Whether a job waits for it now. */
  void setForJob(boolean waits) {
    forJob = waits;
    ports.gate().priorityChanged();
  }

  /** Bytes of it that are on this host. */
  long bytesDone() {
    return Math.min(bytesTotal, bytesAtFirst + received.get());
  }

  /** Bytes it has in all; 0 while that is not known. */
  long bytesTotal() {
    return bytesTotal;
  }

  /**
   * Fetches it.
   *
   * @throws BundleFailure when it cannot be had
   */
  BootBundle run() throws BundleFailure, InterruptedException {
    int fruitless = 0;
    int refused = 0;
    int absent = 0;
    while (true) {
      long before = received.get();
      String reason;
      try {
        return attempt();
      } catch (SourceFailure failure) {
        reason = String.valueOf(failure.getMessage());
        absent = failure.isAbsent() ? absent + 1 : absent;
        if (absent >= ports.source().places()) {
          throw new BundleFailure(
              Kind.ABSENT, "this worker has no bundle " + digest + ", and " + reason, failure);
        }
      } catch (BlobRefusedException | BundleFormatException wrong) {
        reason = String.valueOf(wrong.getMessage());
        refused++;
      } catch (BlobBusyException | BlobMissingException passing) {
        reason = String.valueOf(passing.getMessage());
      } catch (IOException failure) {
        if (Thread.interrupted()) {
          // An interrupt closes the file that is being written.
          throw new InterruptedException();
        }
        throw new BundleFailure(
            Kind.PULL_FAILED, "it could not be stored: " + failure.getMessage(), failure);
      }
      fruitless = received.get() > before ? 0 : fruitless + 1;
      if (fruitless > MAX_FRUITLESS || refused >= MAX_REFUSED) {
        throw new BundleFailure(Kind.PULL_FAILED, "it could not be pulled: " + reason, null);
      }
      log.atInfo()
          .addKeyValue("bundle", digest)
          .addKeyValue("bytes", bytesDone())
          .addKeyValue("reason", reason)
          .log("Pull of a boot bundle was interrupted and goes on");
      ports.pause().of(pause(fruitless));
    }
  }

  private static Duration pause(int fruitless) {
    long millis = FIRST_PAUSE.toMillis() << Math.min(fruitless, 10);
    return Duration.ofMillis(Math.min(millis, LONGEST_PAUSE.toMillis()));
  }

  private BootBundle attempt()
      throws SourceFailure, BundleFailure, IOException, InterruptedException {
    var document = ports.source().bundle(digest);
    byte[] bytes = document.manifest().getBytes(StandardCharsets.UTF_8);
    observer.reached(PullObserver.Point.MANIFEST, digest);
    var actual = Sha256.of(bytes);
    if (!actual.equals(digest)) {
      throw new SourceFailure(
          false, "the orchestrator sent a manifest with the digest " + actual, null);
    }
    var manifest = BundleManifest.parse(bytes);
    if (!manifest.architecture().equals(ports.architecture())) {
      throw new BundleFailure(
          Kind.PULL_FAILED,
          "it is for " + manifest.architecture() + ", this host is " + ports.architecture(),
          null);
    }
    // Before a byte of it comes.
    ports.trust().require(bytes, document.signatures());
    ports.seeds().linkBlobs(manifest, ports.store());
    fetch(missing(manifest));
    observer.reached(PullObserver.Point.FETCHED, digest);
    var bundle = ports.store().assemble(manifest, document.signatures());
    observer.reached(PullObserver.Point.ASSEMBLED, digest);
    return bundle;
  }

  /** Also makes room for them, and sets what there is to count. */
  private List<BundleFile> missing(BundleManifest manifest)
      throws BundleFailure, IOException, InterruptedException {
    var blobs = ports.store().blobs();
    Map<Sha256, BundleFile> missing = new LinkedHashMap<>();
    long total = 0;
    long needed = 0;
    for (BundleFile file : manifest.files()) {
      total += file.size();
      if (blobs.find(file.sha256()).isEmpty() && missing.put(file.sha256(), file) == null) {
        needed += Math.max(0, file.size() - blobs.partial(file.sha256()));
      }
    }
    ports.room().make(needed, forJob);
    bytesAtFirst = total - needed - received.get();
    bytesTotal = total;
    observer.progressed();
    return List.copyOf(missing.values());
  }

  /** All of them, or the first failure; the others stop then. */
  private void fetch(List<BundleFile> files)
      throws SourceFailure, BundleFailure, IOException, InterruptedException {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      boolean done = false;
      try {
        var fetches = new ExecutorCompletionService<Sha256>(threads);
        List<Future<Sha256>> begun = new ArrayList<>();
        for (BundleFile file : files) {
          begun.add(
              fetches.submit(() -> {
                fetch(file);
                return file.sha256();
              }));
        }
        for (int i = 0; i < begun.size(); i++) {
          fetches.take().get();
        }
        done = true;
      } catch (ExecutionException failure) {
        switch (failure.getCause()) {
          case SourceFailure source -> throw source;
          case IOException disk -> throw disk;
          case InterruptedException stopped -> throw stopped;
          case RuntimeException bug -> throw bug;
          case null, default -> throw new IllegalStateException(failure.getCause());
        }
      } finally {
        if (!done) {
          threads.shutdownNow();
        }
      }
    }
  }

  private void fetch(BundleFile file) throws SourceFailure, IOException, InterruptedException {
    ports.gate().pass(() -> forJob);
    Semaphore connections = ports.gate().connections(forJob);
    connections.acquire();
    try {
      ports.locks().acquire(file.sha256());
      try {
        if (ports.store().blobs().find(file.sha256()).isEmpty()) {
          receive(file);
        }
      } finally {
        ports.locks().release(file.sha256());
      }
    } finally {
      connections.release();
    }
  }

  private void receive(BundleFile file) throws SourceFailure, IOException, InterruptedException {
    try (IncomingBlob incoming = ports.store().blobs().receive(file.sha256(), file.size())) {
      observer.reached(PullObserver.Point.BLOB_BEGUN, file.sha256());
      if (incoming.received() < incoming.size()) {
        ports.source().fetch(file.sha256(), incoming.received(), new Into(incoming));
      }
      if (incoming.received() < incoming.size()) {
        throw new SourceFailure(
            false,
            "blob "
                + file.sha256()
                + " ended after "
                + incoming.received()
                + " of "
                + incoming.size()
                + " bytes",
            null);
      }
      observer.reached(PullObserver.Point.BLOB_RECEIVED, file.sha256());
      incoming.commit();
      observer.reached(PullObserver.Point.BLOB_STORED, file.sha256());
    }
  }

  private final class Into implements BundleSource.Sink {
    private final IncomingBlob incoming;

    Into(IncomingBlob incoming) {
      this.incoming = incoming;
    }

    @Override
    public void size(long bytes) throws IOException {
      if (bytes != incoming.size()) {
        throw new IOException(
            "the orchestrator has a blob of "
                + bytes
                + " bytes where the manifest says "
                + incoming.size());
      }
    }

    @Override
    public void piece(ByteBuffer data) throws IOException, InterruptedException {
      ports.gate().pass(() -> forJob);
      int count = data.remaining();
      incoming.write(data);
      received.addAndGet(count);
      observer.reached(PullObserver.Point.PIECE, digest);
      observer.progressed();
    }
  }
}
