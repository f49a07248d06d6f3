package dev.mayfly.server.workers;

import com.google.protobuf.ByteString;
import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.worker.v1.BlobList;
import dev.mayfly.api.worker.v1.BlobPiece;
import dev.mayfly.api.worker.v1.BlobRange;
import dev.mayfly.api.worker.v1.BlobStored;
import dev.mayfly.api.worker.v1.BlobsGrpc;
import dev.mayfly.api.worker.v1.BundleDocument;
import dev.mayfly.api.worker.v1.BundleRef;
import dev.mayfly.api.worker.v1.BundleSignature;
import dev.mayfly.api.worker.v1.BundleStored;
import dev.mayfly.core.image.BlobStore;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.StoredBundle;
import dev.mayfly.server.blobs.BundleDesk;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The files of bundles, to workers and from them. */
class BlobsService extends BlobsGrpc.BlobsImplBase {
  private static final Logger log = LoggerFactory.getLogger(BlobsService.class);

  /** What the wire takes in one list. */
  private static final int MAX_LIST = 64;

  private static final int MAX_SIGNATURES = 8;

  /** A hundred workers that fetch four files each, at once; more come again. */
  private static final int MAX_FETCHES = 400;

  /** Each holds, with S3, one part in memory. */
  private static final int MAX_STORES = 64;

  private final BlobStore blobs;
  private final BundleStore bundles;
  private final BundleDesk desk;
  private final long maxBytes;
  private final Semaphore fetches = new Semaphore(MAX_FETCHES);
  private final Semaphore stores = new Semaphore(MAX_STORES);

  BlobsService(BlobStore blobs, BundleStore bundles, BundleDesk desk, long maxBytes) {
    this.blobs = blobs;
    this.bundles = bundles;
    this.desk = desk;
    this.maxBytes = maxBytes;
  }

  @Override
  public void getBundle(BundleRef request, StreamObserver<BundleDocument> response) {
    answer(
        response,
        () -> {
          BundleDigest digest = bundleDigest(request.getDigest());
          StoredBundle bundle =
              bundles
                  .find(digest)
                  .orElseThrow(() -> refused(Status.NOT_FOUND, "there is no bundle " + digest));
          BundleDocument.Builder document =
              BundleDocument.newBuilder().setManifest(ByteString.copyFrom(bundle.manifest()));
          bundle
              .signatures()
              .forEach((key, signature) ->
                  document.addSignatures(
                      BundleSignature.newBuilder()
                          .setKeyId(key)
                          .setSignature(ByteString.copyFrom(signature.bytes()))));
          return document.build();
        });
  }

  @Override
  public void missing(BlobList request, StreamObserver<BlobList> response) {
    answer(
        response,
        () -> {
          if (request.getDigestsCount() > MAX_LIST) {
            throw refused(Status.INVALID_ARGUMENT, "digests: more than " + MAX_LIST);
          }
          BlobList.Builder missing = BlobList.newBuilder();
          for (String text : request.getDigestsList()) {
            BlobDigest digest = blobDigest(text);
            if (size(digest).isEmpty()) {
              missing.addDigests(digest.value());
            }
          }
          return missing.build();
        });
  }

  @Override
  public void putBundle(BundleDocument request, StreamObserver<BundleStored> response) {
    answer(
        response,
        () -> {
          if (request.getSignaturesCount() > MAX_SIGNATURES) {
            throw refused(Status.INVALID_ARGUMENT, "signatures: more than " + MAX_SIGNATURES);
          }
          Map<String, byte[]> signatures = new TreeMap<>();
          request
              .getSignaturesList()
              .forEach(signature ->
                  signatures.put(signature.getKeyId(), signature.getSignature().toByteArray()));
          return switch (desk.put(request.getManifest().toByteArray(), signatures)) {
            case BundleDesk.Answer.Stored(StoredBundle stored) ->
                BundleStored.newBuilder().setDigest(stored.digest().value()).build();
            case BundleDesk.Answer.Lacking(List<BlobDigest> lacking) ->
                throw refused(
                    Status.FAILED_PRECONDITION, "blobs are not stored: " + lacking.getFirst());
            case BundleDesk.Answer.Malformed(String field, String problem) ->
                throw refused(Status.INVALID_ARGUMENT, field + ": " + problem);
          };
        });
  }

  @Override
  public void fetch(BlobRange request, StreamObserver<BlobPiece> response) {
    ServerCallStreamObserver<BlobPiece> call = (ServerCallStreamObserver<BlobPiece>) response;
    if (!fetches.tryAcquire()) {
      call.onError(refused(Status.UNAVAILABLE, "too many blobs are fetched at once; come again"));
      return;
    }
    BlobSender sender = new BlobSender(blobs, call, fetches::release);
    sender.start(request);
  }

  @Override
  public StreamObserver<BlobPiece> store(StreamObserver<BlobStored> response) {
    ServerCallStreamObserver<BlobStored> call = (ServerCallStreamObserver<BlobStored>) response;
    if (!stores.tryAcquire()) {
      call.onError(refused(Status.UNAVAILABLE, "too many blobs are stored at once; come again"));
      return new Deaf();
    }
    return BlobReceiver.receiving(blobs, call, maxBytes, stores::release);
  }

  /** Of a call that has ended already. */
  private static final class Deaf implements StreamObserver<BlobPiece> {
    @Override
    public void onNext(BlobPiece piece) {}

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {}
  }

  private OptionalLong size(BlobDigest digest) {
    try {
      return blobs.size(digest);
    } catch (IOException broken) {
      throw new UncheckedIOException("the store of blobs does not answer", broken);
    }
  }

  private static <T> void answer(StreamObserver<T> response, Supplier<T> work) {
    T result;
    try {
      result = work.get();
    } catch (StatusRuntimeException refused) {
      response.onError(refused);
      return;
    } catch (RuntimeException failed) {
      log.atWarn().setCause(failed).log("Call about blobs failed");
      response.onError(refused(Status.UNAVAILABLE, "something broke in the orchestrator"));
      return;
    }
    response.onNext(result);
    response.onCompleted();
  }

  static StatusRuntimeException refused(Status status, String description) {
    return status.withDescription(description).asRuntimeException();
  }

  static BlobDigest blobDigest(String text) {
    try {
      return new BlobDigest(text);
    } catch (IllegalArgumentException invalid) {
      throw refused(Status.INVALID_ARGUMENT, "digest: " + invalid.getMessage());
    }
  }

  private static BundleDigest bundleDigest(String text) {
    try {
      return new BundleDigest(text);
    } catch (IllegalArgumentException invalid) {
      throw refused(Status.INVALID_ARGUMENT, "digest: " + invalid.getMessage());
    }
  }
}
