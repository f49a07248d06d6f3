package dev.mayfly.worker.daemon.link;

import dev.mayfly.api.worker.v1.BlobPiece;
import dev.mayfly.api.worker.v1.BlobRange;
import dev.mayfly.api.worker.v1.BlobsGrpc;
import dev.mayfly.api.worker.v1.BundleRef;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleSignature;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.core.time.Timers;
import dev.mayfly.worker.daemon.images.BundleSource;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@link BundleSource} over the wire: the service Blobs of the orchestrators. Thread-safe. */
public final class BlobFetcher implements BundleSource {
  /** A manifest is one row or one small file. */
  static final Duration ANSWER_LIMIT = Duration.ofSeconds(30);

  /** A sender that sends nothing for so long has stalled. */
  static final Duration STALL_LIMIT = Duration.ofSeconds(30);

  private final Orchestrators orchestrators;
  private final Timers timers;

  public BlobFetcher(Orchestrators orchestrators, Timers timers) {
    this.orchestrators = orchestrators;
    this.timers = timers;
  }

  @Override
  public int places() {
    return orchestrators.count();
  }

  @Override
  public Document bundle(Sha256 digest) throws SourceFailure, InterruptedException {
    var channel = channel();
    try {
      var document =
          orchestrators
              .stub(channel, BlobsGrpc::newBlockingStub)
              .withDeadlineAfter(ANSWER_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
              .getBundle(BundleRef.newBuilder().setDigest(digest.toString()).build());
      if (document.getManifest().size() > BundleManifest.MAX_BYTES
          || document.getSignaturesCount() > BundleSignature.MAX_PER_BUNDLE) {
        throw new SourceFailure(
            false, "the orchestrator sent a bundle document that is too large", null);
      }
      return new Document(
          document.getManifest().toStringUtf8(), signatures(document.getSignaturesList()));
    } catch (StatusRuntimeException failure) {
      throw failed(channel, failure);
    } catch (IOException noToken) {
      throw new SourceFailure(false, String.valueOf(noToken.getMessage()), noToken);
    }
  }

  private static List<BundleSignature> signatures(
      List<dev.mayfly.api.worker.v1.BundleSignature> sent) throws SourceFailure {
    try {
      return sent.stream()
          .map(signature ->
              BundleSignature.of(signature.getKeyId(), signature.getSignature().toByteArray()))
          .toList();
    } catch (IllegalArgumentException invalid) {
      throw new SourceFailure(
          false, "the orchestrator sent a signature that is none: " + invalid.getMessage(), null);
    }
  }

  @Override
  public void fetch(Sha256 digest, long offset, Sink sink)
      throws SourceFailure, IOException, InterruptedException {
    var channel = channel();
    var range = BlobRange.newBuilder().setDigest(digest.toString()).setOffset(offset).build();
    // Cancelled when this returns: so a sink that throws ends the call.
    try (var call = Context.current().withCancellation()) {
      var stub = orchestrators.stub(channel, BlobsGrpc::newBlockingStub);
      Iterator<BlobPiece> pieces = call.wrap(() -> stub.fetch(range)).call();
      boolean first = true;
      while (next(pieces, call)) {
        var piece = pieces.next();
        if (first) {
          sink.size(piece.getSize());
          first = false;
        }
        if (!piece.getData().isEmpty()) {
          sink.piece(piece.getData().asReadOnlyByteBuffer());
        }
      }
    } catch (StatusRuntimeException failure) {
      throw failed(channel, failure);
    } catch (IOException | InterruptedException | RuntimeException thrown) {
      throw thrown;
    } catch (Exception never) {
      throw new IllegalStateException("gRPC throws unchecked", never);
    }
  }

  /** Waits for the next piece; a stall is an end. */
  private boolean next(Iterator<BlobPiece> pieces, Context.CancellableContext call) {
    var stalled =
        timers.after(
            STALL_LIMIT,
            () ->
                call.cancel(
                    Status.DEADLINE_EXCEEDED
                        .withDescription("nothing came for " + STALL_LIMIT.toSeconds() + " s")
                        .asException()));
    try {
      return pieces.hasNext();
    } finally {
      stalled.cancel();
    }
  }

  private ManagedChannel channel() throws SourceFailure {
    try {
      return orchestrators.channel();
    } catch (IOException failure) {
      throw new SourceFailure(false, String.valueOf(failure.getMessage()), failure);
    }
  }

  private SourceFailure failed(ManagedChannel channel, StatusRuntimeException failure)
      throws InterruptedException {
    if (Thread.interrupted()) {
      // That is how a blocking call says it, with the interrupt set again.
      throw new InterruptedException();
    }
    var status = failure.getStatus();
    boolean absent =
        switch (status.getCode()) {
          case NOT_FOUND, UNIMPLEMENTED -> true;
          default -> false;
        };
    orchestrators.failed(channel);
    var said = status.getDescription();
    return new SourceFailure(
        absent,
        absent
            ? "the orchestrator does not have it"
            : "the orchestrator said " + status.getCode() + (said == null ? "" : ": " + said),
        failure);
  }
}
