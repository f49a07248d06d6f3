package dev.mayfly.client;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.rest.BundlePublication;
import dev.mayfly.api.rest.BundleView;
import dev.mayfly.api.rest.ImageCollectionView;
import dev.mayfly.api.rest.ImagePolicyChange;
import dev.mayfly.api.rest.ImagePolicyView;
import dev.mayfly.api.rest.ImageRollback;
import dev.mayfly.api.rest.ImageVersionView;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.client.Calls.Call;
import dev.mayfly.client.Calls.Reply;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Blobs, bundles, and the history and policies of image names. Every call may be repeated without
 * harm and throws as {@link MayflyClient}'s do; a change that is refused is a {@link MayflyProblem}
 * unless it says otherwise. Safe for use by several threads; several blobs may be on their way at
 * once.
 */
public final class ImageClient {
  /** The type of the problem that names blobs which are not stored. */
  static final String BLOBS_MISSING = "urn:mayfly:problem:blobs-missing";

  private static final String BLOBS = "/api/v1/blobs/";
  private static final String BUNDLES = "/api/v1/bundles/";
  private static final String BYTES = "application/octet-stream";
  private static final int COPY_BYTES = 128 * 1024;

  /** The orchestrator syncs a large file to its disk, or finishes it at its store, in silence. */
  private static final Duration TRANSFER_SILENCE = Duration.ofMinutes(10);

  private final MayflyClient client;
  private final Calls calls;
  private final TimeSource time;

  ImageClient(MayflyClient client, Calls calls, TimeSource time) {
    this.client = client;
    this.calls = calls;
    this.time = time;
  }

  /** The size of a blob in bytes, or nothing when the orchestrator does not have it. */
  public OptionalLong blobSize(BlobDigest digest) throws MayflyException, InterruptedException {
    Reply reply =
        calls.send(
            new Call(
                "HEAD",
                BLOBS + digest,
                Map.of("Accept", BYTES + ", " + Calls.JSON),
                null,
                true,
                Calls.MAX_TRIES));
    if (reply.status() == 404) {
      return OptionalLong.empty();
    }
    if (reply.status() != 200) {
      throw calls.failure(reply);
    }
    String length = reply.headers().get("Content-Length");
    if (length == null || !length.matches("[0-9]{1,18}")) {
      throw calls.unexpected("a blob without its length", null);
    }
    return OptionalLong.of(Long.parseLong(length));
  }

  /**
   * Stores a file as the blob it is, unless it is stored already. A broken transfer is tried again
   * a few times.
   *
   * @return whether it was sent
   * @throws IOException also when the file cannot be read
   */
  public boolean putBlob(BlobDigest digest, Path file, TransferProgress progress)
      throws IOException, InterruptedException {
    Backoff backoff = new Backoff();
    for (int tries = 1; ; tries++) {
      long size = Files.size(file);
      if (blobSize(digest).isPresent()) {
        progress.at(size, size);
        return false;
      }
      try (InputStream in = new Told(Files.newInputStream(file), size, progress)) {
        Reply reply = send(digest, in, size);
        if (reply.status() >= 200 && reply.status() <= 299) {
          return true;
        }
        if (tries >= Calls.MAX_TRIES || !Calls.isBusy(reply.status())) {
          throw calls.failure(reply);
        }
      } catch (Unreachable broken) {
        if (tries >= Calls.MAX_TRIES) {
          throw broken;
        }
      }
      time.pause(backoff.next());
    }
  }

  private Reply send(BlobDigest digest, InputStream in, long size) throws IOException {
    try {
      return calls.upload(
          BLOBS + digest,
          Map.of("Accept", Calls.JSON, "Content-Type", BYTES),
          in,
          size,
          TRANSFER_SILENCE);
    } catch (MayflyException failure) {
      throw failure;
    } catch (IOException broken) {
      throw calls.unreachable(broken);
    }
  }

  /**
   * Writes a blob from an offset to its end, once: after a breakage the caller goes on where it
   * stopped, and checks the digest of the whole.
   *
   * @param offset in bytes, less than its size
   * @return false when the orchestrator does not have it
   */
  public boolean readBlob(
      BlobDigest digest, long offset, OutputStream to, TransferProgress progress)
      throws IOException {
    Map<String, String> headers =
        offset == 0
            ? Map.of("Accept", BYTES + ", application/problem+json")
            : Map.of(
                "Accept", BYTES + ", application/problem+json", "Range", "bytes=" + offset + "-");
    try (Transport.Answer answer = calls.open(BLOBS + digest, headers, TRANSFER_SILENCE)) {
      if (answer.status() == 404 && calls.failure(answer) instanceof MayflyProblem) {
        return false;
      }
      if (answer.status() != (offset == 0 ? 200 : 206)) {
        throw calls.failure(answer);
      }
      String length = answer.header("Content-Length");
      long total =
          length != null && length.matches("[0-9]{1,18}") ? offset + Long.parseLong(length) : 0;
      copy(answer.body(), to, offset, total, progress);
      return true;
    }
  }

  private static void copy(
      InputStream from, OutputStream to, long offset, long total, TransferProgress progress)
      throws IOException {
    byte[] buffer = new byte[COPY_BYTES];
    long done = offset;
    for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
      to.write(buffer, 0, count);
      done += count;
      progress.at(done, Math.max(done, total));
    }
  }

  /** Stores a bundle whose blobs are stored. */
  public BundleStoring putBundle(BundleDigest digest, BundlePublication publication)
      throws MayflyException, InterruptedException {
    Reply reply = client.send("PUT", BUNDLES + digest, ImageJson.of(publication));
    if (reply.status() == 200 || reply.status() == 201) {
      return new BundleStoring.Stored(calls.document(reply, ImageJson::bundleView));
    }
    MayflyException failure = calls.failure(reply);
    if (failure instanceof MayflyProblem problem && MayflyClient.isRefusal(reply.status())) {
      return problem.problem().type().equals(BLOBS_MISSING)
          ? new BundleStoring.Lacking(lacking(problem.problem()))
          : new BundleStoring.Refused(problem.problem());
    }
    throw failure;
  }

  private List<BlobDigest> lacking(Problem problem) throws UnexpectedAnswer {
    List<BlobDigest> blobs = new ArrayList<>();
    for (Problem.FieldError error : problem.errors()) {
      try {
        blobs.add(new BlobDigest(error.field()));
      } catch (IllegalArgumentException notADigest) {
        throw calls.unexpected("a missing blob that is no digest", notADigest);
      }
    }
    return blobs;
  }

  /** A bundle that the orchestrator or a worker has; nothing when there is none. */
  public Optional<BundleView> bundle(BundleDigest digest)
      throws MayflyException, InterruptedException {
    return client.optional(calls.send(Call.get(BUNDLES + digest)), ImageJson::bundleView);
  }

  /** What a name pointed to, newest first; none when it is not known. */
  public List<ImageVersionView> history(ImageRef image)
      throws MayflyException, InterruptedException {
    return client.allPages(
        "/api/v1/image-versions",
        new MayflyClient.Query().add("image", image.value()),
        ImageJson::imageVersionView);
  }

  /** Lets a name point again to what it pointed to; jobs that run are left alone. */
  public ImageView rollBack(ImageRef image, int number)
      throws MayflyException, InterruptedException {
    return client.successful(
        client.send(
            "POST",
            "/api/v1/image-rollbacks",
            ImageJson.of(new ImageRollback(image.value(), number))),
        ImageJson::imageView);
  }

  /** All policies, by name; also of names that point nowhere yet. */
  public List<ImagePolicyView> policies() throws MayflyException, InterruptedException {
    return client.allPages("/api/v1/image-policies", ImageJson::imagePolicyView);
  }

  /** How a name is kept; nothing when nobody said. */
  public Optional<ImagePolicyView> policy(ImageRef image)
      throws MayflyException, InterruptedException {
    return client.optional(
        calls.send(Call.get(target("image-policies", image))), ImageJson::imagePolicyView);
  }

  /** Sets how a name is kept, in place of what was. */
  public ImagePolicyView change(ImageRef image, ImagePolicyChange change)
      throws MayflyException, InterruptedException {
    return client.successful(
        client.send("PUT", target("image-policies", image), ImageJson.of(change)),
        ImageJson::imagePolicyView);
  }

  /**
   * Forgets a name, its history and its policy; jobs that were submitted with it are left alone,
   * and its bundles go with the next collection.
   *
   * @return whether there was one
   */
  public boolean remove(ImageRef image) throws MayflyException, InterruptedException {
    Reply reply = client.send("DELETE", target("images", image), null);
    if (reply.status() == 404 && calls.failure(reply) instanceof MayflyProblem) {
      return false;
    }
    if (reply.status() != 204) {
      throw calls.failure(reply);
    }
    return true;
  }

  /** Removes versions beyond what policies keep, and bundles and blobs that nothing needs. */
  public ImageCollectionView collect() throws MayflyException, InterruptedException {
    return client.successful(
        client.send("POST", "/api/v1/image-collections", null), ImageJson::imageCollectionView);
  }

  /** The path of something about a name; its slashes are percent-encoded. */
  static String target(String kind, ImageRef image) {
    return "/api/v1/" + kind + "/" + URLEncoder.encode(image.value(), StandardCharsets.UTF_8);
  }

  /** Tells how much of it has been read. */
  private static final class Told extends FilterInputStream {
    private final long total;
    private final TransferProgress progress;
    private long done;

    Told(InputStream in, long total, TransferProgress progress) {
      super(in);
      this.total = total;
      this.progress = progress;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int count = super.read(into, offset, length);
      if (count > 0) {
        done += count;
        progress.at(done, total);
      }
      return count;
    }
  }
}
