package dev.mayfly.worker.daemon.link;

import com.google.protobuf.ByteString;
import dev.mayfly.api.worker.v1.BlobList;
import dev.mayfly.api.worker.v1.BlobPiece;
import dev.mayfly.api.worker.v1.BlobStored;
import dev.mayfly.api.worker.v1.BlobsGrpc;
import dev.mayfly.api.worker.v1.BundleDocument;
import dev.mayfly.image.bundle.BundleSignature;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.daemon.builds.BundleTarget;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** {@link BundleTarget} over the wire: the service Blobs of the orchestrators. Thread-safe. */
public final class BlobUploader implements BundleTarget {
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(60);

  /** A receiver that takes nothing for so long has stalled; storing a large blob syncs a disk. */
  private static final Duration STALL_LIMIT = Duration.ofSeconds(60);

  /** Of the wire contract. */
  private static final int PIECE_BYTES = 65536;

  private final Orchestrators orchestrators;

  public BlobUploader(Orchestrators orchestrators) {
    this.orchestrators = orchestrators;
  }

  @Override
  public List<Sha256> missing(List<Sha256> blobs) throws TargetFailure, InterruptedException {
    var asked = BlobList.newBuilder();
    blobs.forEach(digest -> asked.addDigests(digest.toString()));
    return ask(
        stub -> stub.missing(asked.build()).getDigestsList().stream().map(Sha256::parse).toList());
  }

  @Override
  public void put(byte[] manifest, List<BundleSignature> signatures)
      throws TargetFailure, InterruptedException {
    var document = BundleDocument.newBuilder().setManifest(ByteString.copyFrom(manifest));
    for (var signature : signatures) {
      document.addSignatures(
          dev.mayfly.api.worker.v1.BundleSignature.newBuilder()
              .setKeyId(signature.keyId())
              .setSignature(ByteString.copyFrom(signature.bytes())));
    }
    ask(stub -> stub.putBundle(document.build()));
  }

  private interface Question<T> {
    T of(BlobsGrpc.BlobsBlockingStub stub);
  }

  private <T> T ask(Question<T> question) throws TargetFailure, InterruptedException {
    var channel = channel();
    try {
      return question.of(
          orchestrators
              .stub(channel, BlobsGrpc::newBlockingStub)
              .withDeadlineAfter(ANSWER_LIMIT.toMillis(), TimeUnit.MILLISECONDS));
    } catch (StatusRuntimeException failure) {
      throw failed(channel, failure.getStatus(), failure);
    } catch (IllegalArgumentException noDigest) {
      throw new TargetFailure(true, "the orchestrator answered nonsense", noDigest);
    } catch (IOException noToken) {
      throw new TargetFailure(false, String.valueOf(noToken.getMessage()), noToken);
    }
  }

  @Override
  public void store(Sha256 digest, Path file)
      throws TargetFailure, IOException, InterruptedException {
    var channel = channel();
    var answer = new Answer();
    boolean over = false;
    try (var source = FileChannel.open(file, StandardOpenOption.READ)) {
      var unused = orchestrators.stub(channel, BlobsGrpc::newStub).store(answer);
      send(digest, source, answer);
      over = answer.awaitEnd();
    } finally {
      if (!over) {
        answer.cancel();
      }
    }
    var status = answer.status();
    if (!status.isOk()) {
      throw failed(channel, status, status.asRuntimeException());
    }
  }

  private static void send(Sha256 digest, FileChannel source, Answer answer)
      throws IOException, InterruptedException {
    var buffer = ByteBuffer.allocate(PIECE_BYTES);
    boolean first = true;
    while (answer.awaitReady()) {
      if (source.read(buffer.clear()) < 0) {
        answer.complete();
        return;
      }
      var piece = BlobPiece.newBuilder().setData(ByteString.copyFrom(buffer.flip()));
      if (first) {
        piece.setDigest(digest.toString()).setSize(source.size());
        first = false;
      }
      answer.send(piece.build());
    }
  }

  private ManagedChannel channel() throws TargetFailure {
    try {
      return orchestrators.channel();
    } catch (IOException failure) {
      throw new TargetFailure(false, String.valueOf(failure.getMessage()), failure);
    }
  }

  private TargetFailure failed(ManagedChannel channel, Status status, Throwable cause)
      throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    boolean refused =
        switch (status.getCode()) {
          case INVALID_ARGUMENT, UNIMPLEMENTED, PERMISSION_DENIED -> true;
          // A blob that is missing may have been collected: asked again what is missing.
          default -> false;
        };
    orchestrators.failed(channel);
    var said = status.getDescription();
    return new TargetFailure(
        refused,
        "the orchestrator said " + status.getCode() + (said == null ? "" : ": " + said),
        cause);
  }

  /** The other side of one upload: when it takes more, and how it ended. */
  private static final class Answer implements ClientResponseObserver<BlobPiece, BlobStored> {
    private final Semaphore changes = new Semaphore(0);
    private volatile @Nullable ClientCallStreamObserver<BlobPiece> call;
    private volatile @Nullable Status status;

    @Override
    public void beforeStart(ClientCallStreamObserver<BlobPiece> requests) {
      call = requests;
      requests.setOnReadyHandler(changes::release);
    }

    @Override
    public void onNext(BlobStored stored) {}

    @Override
    public void onError(Throwable failure) {
      status = Status.fromThrowable(failure);
      changes.release();
    }

    @Override
    public void onCompleted() {
      status = Status.OK;
      changes.release();
    }

    Status status() {
      var known = status;
      return known == null
          ? Status.DEADLINE_EXCEEDED.withDescription(
              "nothing was taken for " + STALL_LIMIT.toSeconds() + " s")
          : known;
    }

    /** False when it is over: the blob was there already, was refused, or the call stalled. */
    boolean awaitReady() throws InterruptedException {
      while (status == null && !call().isReady()) {
        if (!changes.tryAcquire(STALL_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
          return false;
        }
      }
      return status == null;
    }

    /** False when the answer does not come. */
    boolean awaitEnd() throws InterruptedException {
      while (status == null) {
        if (!changes.tryAcquire(STALL_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
          return false;
        }
      }
      return true;
    }

    void send(BlobPiece piece) {
      call().onNext(piece);
    }

    void complete() {
      if (status == null) {
        call().onCompleted();
      }
    }

    void cancel() {
      call().cancel("given up", null);
    }

    private ClientCallStreamObserver<BlobPiece> call() {
      var started = call;
      if (started == null) {
        throw new IllegalStateException("the call has not been started");
      }
      return started;
    }
  }
}
