package dev.mayfly.worker.daemon.link;

import com.google.protobuf.ByteString;
import dev.mayfly.api.worker.v1.BlobList;
import dev.mayfly.api.worker.v1.BlobPiece;
import dev.mayfly.api.worker.v1.BlobRange;
import dev.mayfly.api.worker.v1.BlobStored;
import dev.mayfly.api.worker.v1.BlobsGrpc;
import dev.mayfly.api.worker.v1.BundleDocument;
import dev.mayfly.api.worker.v1.BundleRef;
import dev.mayfly.api.worker.v1.BundleStored;
import dev.mayfly.image.bundle.Sha256;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** A real gRPC server without a socket that has blobs, and goes wrong as a test says. */
final class BlobServer extends BlobsGrpc.BlobsImplBase implements AutoCloseable {
  static final int PIECE_BYTES = 1000;

  private final String name = UUID.randomUUID().toString();
  private final Map<Sha256, byte[]> blobs = new ConcurrentHashMap<>();
  private final Map<Sha256, BundleDocument> bundles = new ConcurrentHashMap<>();
  private final AtomicInteger dialled = new AtomicInteger();
  private final CountDownLatch stalled = new CountDownLatch(1);
  private final Server server;
  private volatile int breakAfter = Integer.MAX_VALUE;
  private volatile boolean stall;

  BlobServer() throws IOException {
    server = InProcessServerBuilder.forName(name).addService(this).build().start();
  }

  ManagedChannel dial() {
    dialled.incrementAndGet();
    return InProcessChannelBuilder.forName(name).build();
  }

  int dialled() {
    return dialled.get();
  }

  Sha256 add(byte[] bytes) {
    var digest = Sha256.of(bytes);
    blobs.put(digest, bytes);
    return digest;
  }

  Map<Sha256, byte[]> blobs() {
    return blobs;
  }

  Map<Sha256, BundleDocument> bundles() {
    return bundles;
  }

  /** Ends each fetch, and each upload, with UNAVAILABLE after so many pieces. */
  void breakAfter(int pieces) {
    breakAfter = pieces;
  }

  /** Says nothing more after the first piece; the latch tells when that is so. */
  CountDownLatch stall() {
    stall = true;
    return stalled;
  }

  @Override
  public void getBundle(BundleRef request, StreamObserver<BundleDocument> answer) {
    var document = bundles.get(Sha256.parse(request.getDigest()));
    if (document == null) {
      answer.onError(Status.NOT_FOUND.asException());
      return;
    }
    answer.onNext(document);
    answer.onCompleted();
  }

  @Override
  public void fetch(BlobRange request, StreamObserver<BlobPiece> answer) {
    var bytes = blobs.get(Sha256.parse(request.getDigest()));
    if (bytes == null) {
      answer.onError(Status.NOT_FOUND.asException());
      return;
    }
    int pieces = 0;
    for (int at = (int) request.getOffset(); at < bytes.length; at += PIECE_BYTES) {
      if (pieces >= breakAfter) {
        answer.onError(Status.UNAVAILABLE.withDescription("broken").asException());
        return;
      }
      var piece =
          BlobPiece.newBuilder()
              .setData(ByteString.copyFrom(bytes, at, Math.min(PIECE_BYTES, bytes.length - at)));
      if (pieces++ == 0) {
        piece.setSize(bytes.length);
      }
      answer.onNext(piece.build());
      if (stall) {
        stalled.countDown();
        return;
      }
    }
    answer.onCompleted();
  }

  @Override
  public void missing(BlobList request, StreamObserver<BlobList> answer) {
    var missing = BlobList.newBuilder();
    request.getDigestsList().stream()
        .filter(digest -> !blobs.containsKey(Sha256.parse(digest)))
        .forEach(missing::addDigests);
    answer.onNext(missing.build());
    answer.onCompleted();
  }

  @Override
  public StreamObserver<BlobPiece> store(StreamObserver<BlobStored> answer) {
    return new StreamObserver<>() {
      private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      private String digest = "";
      private long size;
      private int pieces;

      @Override
      public void onNext(BlobPiece piece) {
        if (pieces == 0) {
          digest = piece.getDigest();
          size = piece.getSize();
        }
        if (pieces++ >= breakAfter) {
          breakAfter = Integer.MAX_VALUE;
          answer.onError(Status.UNAVAILABLE.withDescription("broken").asException());
          return;
        }
        bytes.writeBytes(piece.getData().toByteArray());
      }

      @Override
      public void onError(Throwable failure) {}

      @Override
      public void onCompleted() {
        if (size != bytes.size() || !Sha256.of(bytes.toByteArray()).toString().equals(digest)) {
          answer.onError(Status.INVALID_ARGUMENT.withDescription("wrong bytes").asException());
          return;
        }
        add(bytes.toByteArray());
        answer.onNext(BlobStored.getDefaultInstance());
        answer.onCompleted();
      }
    };
  }

  @Override
  public void putBundle(BundleDocument request, StreamObserver<BundleStored> answer) {
    var digest = Sha256.of(request.getManifest().toByteArray());
    bundles.put(digest, request);
    answer.onNext(BundleStored.newBuilder().setDigest(digest.toString()).build());
    answer.onCompleted();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
