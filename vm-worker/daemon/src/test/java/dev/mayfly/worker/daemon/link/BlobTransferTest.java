package dev.mayfly.worker.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.mayfly.api.worker.v1.BundleDocument;
import dev.mayfly.image.bundle.BundleSignature;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.core.time.ManualTimers;
import dev.mayfly.worker.daemon.builds.BundleTarget.TargetFailure;
import dev.mayfly.worker.daemon.images.BundleSource;
import dev.mayfly.worker.daemon.images.BundleSource.SourceFailure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class BlobTransferTest {
  private static final byte[] BYTES = new byte[5 * BlobServer.PIECE_BYTES + 7];

  @TempDir Path root;
  private final ManualTimers timers = new ManualTimers();
  private BlobServer server;
  private Orchestrators orchestrators;
  private BlobFetcher fetcher;

  @BeforeEach
  void begin() throws IOException {
    new Random(4).nextBytes(BYTES);
    server = new BlobServer();
    orchestrators = new Orchestrators(server::dial, () -> "token", 2);
    fetcher = new BlobFetcher(orchestrators, timers);
  }

  @AfterEach
  void end() {
    orchestrators.close();
    server.close();
    assertThat(timers.pendingCount()).isZero();
  }

  private static final class Collected implements BundleSource.Sink {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private long size;

    @Override
    public void size(long said) {
      size = said;
    }

    @Override
    public void piece(ByteBuffer data) {
      var piece = new byte[data.remaining()];
      data.get(piece);
      bytes.writeBytes(piece);
    }
  }

  @Test
  void aBlobComesFromItsOffset() throws Exception {
    var digest = server.add(BYTES);
    var sink = new Collected();
    fetcher.fetch(digest, 3000, sink);
    assertThat(sink.size).isEqualTo(BYTES.length);
    assertThat(sink.bytes.toByteArray())
        .isEqualTo(java.util.Arrays.copyOfRange(BYTES, 3000, BYTES.length));
    assertThat(server.dialled()).isEqualTo(1);
  }

  @Test
  void aConnectionThatBreaksAtAnyPieceIsDialledAgainAndGoneOnFrom() throws Exception {
    var digest = server.add(BYTES);
    for (int pieces = 1; pieces <= 6; pieces++) {
      server.breakAfter(pieces);
      var sink = new Collected();
      while (sink.bytes.size() < BYTES.length) {
        try {
          fetcher.fetch(digest, sink.bytes.size(), sink);
        } catch (SourceFailure broken) {
          assertThat(broken.isAbsent()).isFalse();
          assertThat(broken).hasMessageContaining("UNAVAILABLE: broken");
        }
      }
      assertThat(sink.bytes.toByteArray()).isEqualTo(BYTES);
    }
    assertThat(server.dialled()).isGreaterThan(5);
  }

  @Test
  void aSenderThatStallsIsGivenUp() throws Exception {
    var digest = server.add(BYTES);
    var stalled = server.stall();
    var got = new CountDownLatch(1);
    var failure = new CompletableFuture<Exception>();
    var fetch =
        Thread.ofVirtual()
            .start(() -> {
              try {
                fetcher.fetch(
                    digest,
                    0,
                    new BundleSource.Sink() {
                      @Override
                      public void size(long bytes) {}

                      @Override
                      public void piece(ByteBuffer data) {
                        got.countDown();
                      }
                    });
              } catch (SourceFailure | IOException | InterruptedException ended) {
                failure.complete(ended);
              }
            });
    stalled.await();
    got.await();
    while (!failure.isDone()) {
      timers.advance(BlobFetcher.STALL_LIMIT);
      Thread.onSpinWait();
    }
    fetch.join();
    assertThat(failure.get())
        .isInstanceOf(SourceFailure.class)
        .hasMessageContaining("nothing came for 30 s");
  }

  @Test
  void aFetchCanBeInterrupted() throws Exception {
    var digest = server.add(BYTES);
    var stalled = server.stall();
    var interrupted = new CompletableFuture<Boolean>();
    var fetch =
        Thread.ofVirtual()
            .start(() -> {
              try {
                fetcher.fetch(digest, 0, new Collected());
                interrupted.complete(false);
              } catch (InterruptedException ended) {
                interrupted.complete(true);
              } catch (SourceFailure | IOException other) {
                interrupted.completeExceptionally(other);
              }
            });
    stalled.await();
    fetch.interrupt();
    assertThat(interrupted.get()).isTrue();
  }

  @Test
  void whatTheOrchestratorDoesNotHaveIsAbsent() {
    var digest = Sha256.of(new byte[] {1});
    assertThatThrownBy(() -> fetcher.bundle(digest))
        .isInstanceOfSatisfying(
            SourceFailure.class, failure -> assertThat(failure.isAbsent()).isTrue());
    assertThatThrownBy(() -> fetcher.fetch(digest, 0, new Collected()))
        .isInstanceOfSatisfying(
            SourceFailure.class, failure -> assertThat(failure.isAbsent()).isTrue());
  }

  @Test
  void aManifestComesWithItsSignatures() throws Exception {
    var manifest = "{\"schema\":2}".getBytes(StandardCharsets.UTF_8);
    var digest = Sha256.of(manifest);
    var signature = new BundleSignature("0123456789abcdef", "ab".repeat(64));
    server
        .bundles()
        .put(
            digest,
            BundleDocument.newBuilder()
                .setManifest(ByteString.copyFrom(manifest))
                .addSignatures(
                    dev.mayfly.api.worker.v1.BundleSignature.newBuilder()
                        .setKeyId(signature.keyId())
                        .setSignature(ByteString.copyFrom(signature.bytes())))
                .build());
    var document = fetcher.bundle(digest);
    assertThat(document.manifest()).isEqualTo("{\"schema\":2}");
    assertThat(document.signatures()).containsExactly(signature);
  }

  @Test
  void aDocumentThatIsTooLargeIsRefused() {
    var digest = Sha256.of(new byte[] {1});
    server
        .bundles()
        .put(
            digest,
            BundleDocument.newBuilder().setManifest(ByteString.copyFrom(new byte[70_000])).build());
    assertThatThrownBy(() -> fetcher.bundle(digest)).hasMessageContaining("too large");
  }

  @Test
  void whatWasBuiltGoesUp() throws Exception {
    var uploader = new BlobUploader(orchestrators);
    var large = new byte[3 * 65536 + 11];
    new Random(5).nextBytes(large);
    var file = Files.write(root.resolve("blob"), large);
    var digest = Sha256.of(large);
    var known = server.add(BYTES);

    assertThat(uploader.missing(List.of(digest, known))).containsExactly(digest);
    server.breakAfter(2);
    assertThatThrownBy(() -> uploader.store(digest, file))
        .isInstanceOfSatisfying(
            TargetFailure.class, failure -> assertThat(failure.isRefused()).isFalse());
    uploader.store(digest, file);
    assertThat(server.blobs().get(digest)).isEqualTo(large);
    uploader.put("{}".getBytes(StandardCharsets.UTF_8), List.of());
    assertThat(server.bundles()).containsKey(Sha256.of("{}".getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void aFileThatIsNotWhatItIsCalledIsRefusedForGood() throws Exception {
    var file = Files.write(root.resolve("blob"), BYTES);
    assertThatThrownBy(() -> new BlobUploader(orchestrators).store(Sha256.of(new byte[0]), file))
        .isInstanceOfSatisfying(
            TargetFailure.class, failure -> assertThat(failure.isRefused()).isTrue())
        .hasMessageContaining("wrong bytes");
  }
}
