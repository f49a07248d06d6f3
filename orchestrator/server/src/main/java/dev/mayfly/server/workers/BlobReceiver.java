package dev.mayfly.server.workers;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.worker.v1.BlobPiece;
import dev.mayfly.api.worker.v1.BlobStored;
import dev.mayfly.core.image.BlobStore;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes one blob from a worker. gRPC asks for the next piece when the one before is written, so
 * that no more than one is held; its calls come one at a time.
 */
final class BlobReceiver implements StreamObserver<BlobPiece> {
  private static final Logger log = LoggerFactory.getLogger(BlobReceiver.class);

  /** A sender that sends nothing for so long is stuck. */
  private static final Duration STUCK = Duration.ofSeconds(60);

  private final BlobStore blobs;
  private final ServerCallStreamObserver<BlobStored> call;
  private final long maxBytes;
  private final Runnable ended;
  private final AtomicBoolean over = new AtomicBoolean();
  private BlobStore.@Nullable Upload upload;
  private boolean answered;
  private long heardNanos = System.nanoTime();

  /**
   * @param ended called once, when nothing more is taken
   */
  private BlobReceiver(
      BlobStore blobs, ServerCallStreamObserver<BlobStored> call, long maxBytes, Runnable ended) {
    this.blobs = blobs;
    this.call = call;
    this.maxBytes = maxBytes;
    this.ended = ended;
  }

  /** One that listens. */
  static BlobReceiver receiving(
      BlobStore blobs, ServerCallStreamObserver<BlobStored> call, long maxBytes, Runnable ended) {
    BlobReceiver receiver = new BlobReceiver(blobs, call, maxBytes, ended);
    Thread.ofVirtual().name("blob-store-watch").start(receiver::watch);
    return receiver;
  }

  /** Ends a call whose sender has fallen silent. */
  private void watch() {
    try {
      while (!over.get()) {
        Thread.sleep(failWhenStuck().plusMillis(1));
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  /** How long it may still be silent. Whatever is being written meanwhile is waited for. */
  private synchronized Duration failWhenStuck() {
    long silent = System.nanoTime() - heardNanos;
    if (silent > STUCK.toNanos() && !answered) {
      fail(
          BlobsService.refused(
              Status.DEADLINE_EXCEEDED, "nothing came for " + STUCK.toSeconds() + " s"));
    }
    return Duration.ofNanos(Math.max(0, STUCK.toNanos() - silent));
  }

  @Override
  public synchronized void onNext(BlobPiece piece) {
    heardNanos = System.nanoTime();
    if (answered) {
      return;
    }
    try {
      take(piece);
    } catch (StatusRuntimeException refused) {
      fail(refused);
    } catch (IOException | RuntimeException failed) {
      log.atWarn().setCause(failed).log("Blob could not be stored");
      fail(BlobsService.refused(Status.UNAVAILABLE, "the blob cannot be stored now"));
    }
    heardNanos = System.nanoTime();
  }

  private void take(BlobPiece piece) throws IOException {
    BlobStore.Upload to = upload;
    if (to == null) {
      BlobDigest digest = BlobsService.blobDigest(piece.getDigest());
      long size = piece.getSize();
      if (size < 1 || size > maxBytes) {
        throw BlobsService.refused(
            Status.INVALID_ARGUMENT, "size: is not between 1 and " + maxBytes);
      }
      OptionalLong stored = blobs.size(digest);
      if (stored.isPresent() && stored.getAsLong() == size) {
        answer();
        return;
      }
      to = blobs.begin(digest, size);
      upload = to;
    }
    if (piece.getData().size() > BlobSender.PIECE) {
      throw BlobsService.refused(
          Status.INVALID_ARGUMENT, "data: has more than " + BlobSender.PIECE + " bytes");
    }
    byte[] data = piece.getData().toByteArray();
    to.write(data, 0, data.length);
  }

  @Override
  public synchronized void onCompleted() {
    heardNanos = System.nanoTime();
    if (answered) {
      return;
    }
    BlobStore.Upload whole = upload;
    if (whole == null) {
      fail(BlobsService.refused(Status.INVALID_ARGUMENT, "digest: is missing: no piece came"));
      return;
    }
    try {
      switch (whole.finish()) {
        case STORED -> answer();
        case WRONG_DIGEST ->
            fail(
                BlobsService.refused(
                    Status.INVALID_ARGUMENT, "data: the bytes are not those of the digest"));
        case WRONG_SIZE ->
            fail(
                BlobsService.refused(
                    Status.INVALID_ARGUMENT, "data: it is not as many bytes as announced"));
      }
    } catch (IOException | RuntimeException failed) {
      log.atWarn().setCause(failed).log("Blob could not be stored");
      fail(BlobsService.refused(Status.UNAVAILABLE, "the blob cannot be stored now"));
    }
  }

  @Override
  public synchronized void onError(Throwable broken) {
    end();
  }

  private void answer() {
    answered = true;
    end();
    call.onNext(BlobStored.getDefaultInstance());
    call.onCompleted();
  }

  private void fail(StatusRuntimeException refused) {
    answered = true;
    end();
    call.onError(refused);
  }

  private void end() {
    if (over.compareAndSet(false, true)) {
      BlobStore.Upload open = upload;
      if (open != null) {
        open.close();
      }
      ended.run();
    }
  }
}
