package dev.mayfly.server.workers;

import com.google.protobuf.ByteString;
import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.worker.v1.BlobPiece;
import dev.mayfly.api.worker.v1.BlobRange;
import dev.mayfly.core.image.BlobStore;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends one blob as fast as its receiver takes it, on a virtual thread of its own: the call's own
 * callbacks must stay free. Holds one piece.
 */
final class BlobSender {
  private static final Logger log = LoggerFactory.getLogger(BlobSender.class);

  /** What the wire takes in one piece. */
  static final int PIECE = 65536;

  /** A receiver that takes nothing for so long is stuck. */
  private static final Duration STUCK = Duration.ofSeconds(60);

  private final BlobStore blobs;
  private final ServerCallStreamObserver<BlobPiece> call;
  private final Runnable ended;
  private final Semaphore ready = new Semaphore(0);

  /**
   * @param ended called once, when nothing more is sent
   */
  BlobSender(BlobStore blobs, ServerCallStreamObserver<BlobPiece> call, Runnable ended) {
    this.blobs = blobs;
    this.call = call;
    this.ended = ended;
  }

  void start(BlobRange request) {
    call.setOnReadyHandler(ready::release);
    call.setOnCancelHandler(ready::release);
    Thread.ofVirtual().name("blob-fetch").start(() -> run(request));
  }

  private void run(BlobRange request) {
    try {
      send(request);
    } catch (StatusRuntimeException refused) {
      end(refused);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      end(BlobsService.refused(Status.UNAVAILABLE, "the orchestrator stops"));
    } catch (IOException | RuntimeException failed) {
      log.atWarn()
          .addKeyValue("blob", request.getDigest())
          .setCause(failed)
          .log("Blob could not be sent");
      end(BlobsService.refused(Status.UNAVAILABLE, "the blob cannot be read now"));
    } finally {
      ended.run();
    }
  }

  private void end(StatusRuntimeException refused) {
    if (!call.isCancelled()) {
      call.onError(refused);
    }
  }

  private void send(BlobRange request) throws IOException, InterruptedException {
    BlobDigest digest = BlobsService.blobDigest(request.getDigest());
    long size = blobs.size(digest).orElseThrow(() -> unknown(digest));
    long offset = request.getOffset();
    if (offset < 0 || offset > size) {
      throw BlobsService.refused(Status.OUT_OF_RANGE, "offset: the blob has " + size + " bytes");
    }
    try (InputStream in = blobs.open(digest, offset).orElseThrow(() -> unknown(digest))) {
      byte[] buffer = new byte[PIECE];
      long left = size - offset;
      boolean first = true;
      // The first piece tells the size, also of a blob of which nothing is left to send.
      while (first || left > 0) {
        if (!awaitReady()) {
          return;
        }
        int count = in.readNBytes(buffer, 0, (int) Math.min(PIECE, left));
        if (count == 0 && left > 0) {
          throw new IOException("a blob ended " + left + " bytes early");
        }
        BlobPiece.Builder piece =
            BlobPiece.newBuilder().setData(ByteString.copyFrom(buffer, 0, count));
        call.onNext(first ? piece.setSize(size).build() : piece.build());
        first = false;
        left -= count;
      }
      call.onCompleted();
    }
  }

  private static StatusRuntimeException unknown(BlobDigest digest) {
    return BlobsService.refused(Status.NOT_FOUND, "there is no blob " + digest);
  }

  /** False when nobody listens any more. */
  private boolean awaitReady() throws InterruptedException {
    while (!call.isReady()) {
      if (call.isCancelled()) {
        return false;
      }
      if (!ready.tryAcquire(STUCK.toMillis(), TimeUnit.MILLISECONDS) && !call.isReady()) {
        throw BlobsService.refused(
            Status.DEADLINE_EXCEEDED, "nothing was taken for " + STUCK.toSeconds() + " s");
      }
    }
    return !call.isCancelled();
  }
}
