package dev.mayfly.server.workers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.api.worker.v1.BlobList;
import dev.mayfly.api.worker.v1.BlobPiece;
import dev.mayfly.api.worker.v1.BlobRange;
import dev.mayfly.api.worker.v1.BlobStored;
import dev.mayfly.api.worker.v1.BlobsGrpc;
import dev.mayfly.api.worker.v1.BundleDocument;
import dev.mayfly.api.worker.v1.BundleRef;
import dev.mayfly.api.worker.v1.BundleSignature;
import dev.mayfly.api.worker.v1.BundleState;
import dev.mayfly.api.worker.v1.BundleStates;
import dev.mayfly.api.worker.v1.KeepBundles;
import dev.mayfly.api.worker.v1.Leaving;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.PullFailed;
import dev.mayfly.api.worker.v1.Pulling;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImagePolicy;
import dev.mayfly.core.image.ImagePolicyStore;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.server.TestOrchestrator;
import dev.mayfly.server.http.Api;
import dev.mayfly.server.http.SampleBundle;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The files of bundles beside the worker link, as a worker fetches and stores them. */
class BlobsLinkIT {
  private static final int PIECE = 65536;
  private static final Duration WAIT = Duration.ofSeconds(20);

  private final TestOrchestrator orchestrator = TestOrchestrator.shared();
  private final Api api = new Api(orchestrator);
  private final ManagedChannel channel =
      ManagedChannelBuilder.forAddress("127.0.0.1", orchestrator.grpcPort()).usePlaintext().build();
  private final SampleBundle bundle = new SampleBundle("sample:1");

  @AfterEach
  void close() {
    channel.shutdownNow();
  }

  private <T extends io.grpc.stub.AbstractStub<T>> T authorized(T stub) {
    Metadata metadata = new Metadata();
    metadata.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + orchestrator.workerToken());
    return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata))
        .withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  private BlobsGrpc.BlobsBlockingStub blobs() {
    return authorized(BlobsGrpc.newBlockingStub(channel));
  }

  private void store(BlobDigest digest, byte[] bytes, long announced) throws Throwable {
    CompletableFuture<BlobStored> answer = new CompletableFuture<>();
    StreamObserver<BlobPiece> out =
        authorized(BlobsGrpc.newStub(channel))
            .store(
                new StreamObserver<>() {
                  @Override
                  public void onNext(BlobStored stored) {
                    answer.complete(stored);
                  }

                  @Override
                  public void onError(Throwable failure) {
                    answer.completeExceptionally(failure);
                  }

                  @Override
                  public void onCompleted() {}
                });
    for (int from = 0; from < bytes.length; from += PIECE) {
      BlobPiece.Builder piece =
          BlobPiece.newBuilder()
              .setData(ByteString.copyFrom(bytes, from, Math.min(PIECE, bytes.length - from)));
      out.onNext(
          from == 0 ? piece.setDigest(digest.value()).setSize(announced).build() : piece.build());
    }
    out.onCompleted();
    try {
      answer.get(20, TimeUnit.SECONDS);
    } catch (ExecutionException failed) {
      throw failed.getCause();
    }
  }

  private BundleDocument document() {
    return BundleDocument.newBuilder()
        .setManifest(ByteString.copyFrom(bundle.manifest()))
        .addSignatures(
            BundleSignature.newBuilder()
                .setKeyId("0123456789abcdef")
                .setSignature(ByteString.copyFrom(new byte[64])))
        .build();
  }

  private void storeBundle() throws Throwable {
    for (Map.Entry<BlobDigest, byte[]> blob : bundle.blobs().entrySet()) {
      store(blob.getKey(), blob.getValue(), blob.getValue().length);
    }
    assertThat(blobs().putBundle(document()).getDigest()).isEqualTo(bundle.digest().value());
  }

  private static Status.Code code(Throwable failure) {
    return Status.fromThrowable(failure).getCode();
  }

  @Test
  void aWorkerStoresWhatIsMissingAndAnotherFetchesItFromAnyOffset() throws Throwable {
    List<String> all = bundle.blobs().keySet().stream().map(BlobDigest::value).toList();
    BlobList asked = BlobList.newBuilder().addAllDigests(all).build();
    assertThat(blobs().missing(asked).getDigestsList()).isEqualTo(all);
    assertThatThrownBy(() -> blobs().putBundle(document()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            refused -> {
              assertThat(code(refused)).isEqualTo(Status.Code.FAILED_PRECONDITION);
              assertThat(refused.getMessage()).contains(all.getFirst());
            });
    storeBundle();
    storeBundle();
    assertThat(blobs().missing(asked).getDigestsList()).isEmpty();
    assertThat(blobs().getBundle(BundleRef.newBuilder().setDigest(bundle.digest().value()).build()))
        .isEqualTo(document());

    BlobDigest rootfs = bundle.rootfs();
    byte[] content = bundle.rootfsBytes();
    for (int offset : new int[] {0, 1, PIECE, content.length - 1, content.length}) {
      ByteArrayOutputStream read = new ByteArrayOutputStream();
      read.write(content, 0, offset);
      Iterator<BlobPiece> pieces =
          blobs().fetch(BlobRange.newBuilder().setDigest(rootfs.value()).setOffset(offset).build());
      BlobPiece first = pieces.next();
      assertThat(first.getSize()).isEqualTo(content.length);
      read.writeBytes(first.getData().toByteArray());
      pieces.forEachRemaining(piece -> {
        assertThat(piece.getData().size()).isLessThanOrEqualTo(PIECE);
        read.writeBytes(piece.getData().toByteArray());
      });
      assertThat(read.toByteArray()).isEqualTo(content);
    }
    assertThatThrownBy(() ->
            blobs()
                .fetch(
                    BlobRange.newBuilder()
                        .setDigest(rootfs.value())
                        .setOffset(content.length + 1L)
                        .build())
                .next())
        .satisfies(refused -> assertThat(code(refused)).isEqualTo(Status.Code.OUT_OF_RANGE));
  }

  @Test
  void whatIsNotThereIsNotFound() {
    String unknown = "sha256:" + "0".repeat(64);
    assertThatThrownBy(() -> blobs().getBundle(BundleRef.newBuilder().setDigest(unknown).build()))
        .satisfies(refused -> assertThat(code(refused)).isEqualTo(Status.Code.NOT_FOUND));
    assertThatThrownBy(
            () -> blobs().fetch(BlobRange.newBuilder().setDigest(unknown).build()).next())
        .satisfies(refused -> assertThat(code(refused)).isEqualTo(Status.Code.NOT_FOUND));
    assertThatThrownBy(() -> blobs().fetch(BlobRange.newBuilder().setDigest("../x").build()).next())
        .satisfies(refused -> assertThat(code(refused)).isEqualTo(Status.Code.INVALID_ARGUMENT));
    assertThatThrownBy(() ->
            BlobsGrpc.newBlockingStub(channel)
                .getBundle(BundleRef.newBuilder().setDigest(unknown).build()))
        .satisfies(refused -> assertThat(code(refused)).isEqualTo(Status.Code.UNAUTHENTICATED));
  }

  @Test
  void aBlobThatIsNotItsDigestOrItsSizeIsNotStored() {
    byte[] content = new byte[200_000];
    BlobDigest wrong = new BlobDigest("sha256:" + "f".repeat(64));
    BlobDigest right = new BlobDigest(dev.mayfly.image.bundle.Sha256.of(content).toString());
    for (Map.Entry<BlobDigest, Integer> tried :
        List.of(
            Map.entry(wrong, content.length),
            Map.entry(right, content.length - 1),
            Map.entry(right, content.length + 1),
            Map.entry(right, 0))) {
      assertThatThrownBy(() -> store(tried.getKey(), content, tried.getValue()))
          .satisfies(refused -> assertThat(code(refused)).isEqualTo(Status.Code.INVALID_ARGUMENT));
    }
    assertThat(
            blobs()
                .missing(
                    BlobList.newBuilder()
                        .addDigests(wrong.value())
                        .addDigests(right.value())
                        .build())
                .getDigestsCount())
        .isEqualTo(2);
  }

  @Test
  void aReceiverThatTakesNoMoreHoldsNothingUp() throws Throwable {
    storeBundle();
    BlobDigest rootfs = bundle.rootfs();
    CompletableFuture<ClientCallStreamObserver<BlobRange>> started = new CompletableFuture<>();
    CompletableFuture<BlobPiece> first = new CompletableFuture<>();
    authorized(BlobsGrpc.newStub(channel))
        .fetch(
            BlobRange.newBuilder().setDigest(rootfs.value()).build(),
            new ClientResponseObserver<BlobRange, BlobPiece>() {
              @Override
              public void beforeStart(ClientCallStreamObserver<BlobRange> call) {
                call.disableAutoRequestWithInitial(1);
                started.complete(call);
              }

              @Override
              public void onNext(BlobPiece piece) {
                first.complete(piece);
              }

              @Override
              public void onError(Throwable failure) {}

              @Override
              public void onCompleted() {}
            });
    assertThat(first.get(20, TimeUnit.SECONDS).getSize()).isEqualTo(bundle.rootfsBytes().length);
    started.get().cancel("enough", null);
    assertThat(
            blobs()
                .fetch(BlobRange.newBuilder().setDigest(rootfs.value()).build())
                .next()
                .getSize())
        .isPositive();
  }

  @Test
  void whatAWorkerFetchesIsSeenUntilItLeaves() throws Throwable {
    storeBundle();
    try (FakeWorker worker = FakeWorker.register(orchestrator, UUID.randomUUID(), List.of())) {
      worker.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
      worker.send(
          states(
              BundleState.newBuilder()
                  .setPulling(Pulling.newBuilder().setBytesDone(5).setBytesTotal(9))));
      await().atMost(WAIT).until(() -> onWorker(worker.name()).orElse("").contains("PULLING"));
      assertThat(onWorker(worker.name()).orElseThrow())
          .contains("\"bytesDone\":5")
          .contains("\"bytesTotal\":9");
      worker.send(
          states(
              BundleState.newBuilder().setFailed(PullFailed.newBuilder().setReason("no space"))));
      await().atMost(WAIT).until(() -> onWorker(worker.name()).orElse("").contains("no space"));
      worker.send(WorkerMessage.newBuilder().setLeaving(Leaving.getDefaultInstance()).build());
      await().atMost(WAIT).until(() -> onWorker(worker.name()).isEmpty());
    }
  }

  private WorkerMessage states(BundleState.Builder state) {
    return WorkerMessage.newBuilder()
        .setBundleStates(
            BundleStates.newBuilder().addStates(state.setDigest(bundle.digest().value())))
        .build();
  }

  private Optional<String> onWorker(String name) {
    JsonNode workers = api.get("/api/v1/bundles/" + bundle.digest()).json().get("workers");
    return workers
        .valueStream()
        .filter(worker -> worker.get("worker").asString().equals(name))
        .map(JsonNode::toString)
        .findFirst();
  }

  @Test
  void aWorkerHearsWhatToKeepAndWhenItChanges() throws Throwable {
    storeBundle();
    ImageRef name = new ImageRef("keep.example/" + UUID.randomUUID());
    ImagePolicyStore policies = orchestrator.bean(ImagePolicyStore.class);
    try (FakeWorker worker = FakeWorker.register(orchestrator, UUID.randomUUID(), List.of())) {
      KeepBundles first =
          worker.next(OrchestratorMessage::hasKeepBundles, OrchestratorMessage::getKeepBundles);
      assertThat(first.getDigestsList()).doesNotContain(bundle.digest().value());
      policies.put(
          new ImagePolicy(
              name,
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              3,
              true,
              Set.of(WorkerPoolName.DEFAULT),
              Optional.empty(),
              Optional.empty()));
      api.put(
          "/api/v1/images/" + name.value().replace("/", "%2F"),
          """
          {"bundleDigest":"%s","architecture":"x86_64","sizeBytes":1}\
          """
              .formatted(bundle.digest()));
      KeepBundles kept =
          worker.next(OrchestratorMessage::hasKeepBundles, OrchestratorMessage::getKeepBundles);
      assertThat(kept.getDigestsList()).contains(bundle.digest().value());
      assertThat(kept.getPinnedList()).contains(bundle.digest().value());
      assertThat(orchestrator.bean(ImageStore.class).find(name))
          .map(Image::publishedAt)
          .hasValueSatisfying(at -> assertThat(at).isBefore(Instant.now()));
    } finally {
      policies.remove(name);
      orchestrator.bean(ImageStore.class).remove(name);
    }
  }
}
