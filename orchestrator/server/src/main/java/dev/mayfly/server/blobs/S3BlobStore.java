package dev.mayfly.server.blobs;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.core.image.BlobStore;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListMultipartUploadsResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Blobs as objects {@code <prefix>sha256-<hex>} of a bucket. An object appears when it is complete
 * and its digest has been checked. Thread-safe.
 */
final class S3BlobStore implements BlobStore, AutoCloseable {
  private static final String PREFIX = "sha256-";
  private static final int NOT_FOUND = 404;

  /** What the service lists at once. */
  private static final int MAX_PAGE = 1000;

  private final S3Client client;
  private final String bucket;
  private final String prefix;

  /**
   * @param prefix of all keys; empty, or ending in a slash
   */
  S3BlobStore(S3Client client, String bucket, String prefix) {
    this.client = client;
    this.bucket = bucket;
    this.prefix = prefix;
  }

  private String key(BlobDigest digest) {
    return prefix + PREFIX + digest.hex();
  }

  @Override
  public OptionalLong size(BlobDigest digest) throws IOException {
    try {
      HeadObjectResponse head =
          client.headObject(request -> request.bucket(bucket).key(key(digest)));
      return OptionalLong.of(head.contentLength());
    } catch (S3Exception refused) {
      if (refused.statusCode() == NOT_FOUND) {
        return OptionalLong.empty();
      }
      throw broken(refused);
    } catch (SdkException broken) {
      throw broken(broken);
    }
  }

  @Override
  public Optional<InputStream> open(BlobDigest digest, long offset) throws IOException {
    if (offset > 0) {
      // An empty range is no range: the service would refuse it.
      OptionalLong size = size(digest);
      if (size.isEmpty()) {
        return Optional.empty();
      }
      if (offset == size.getAsLong()) {
        return Optional.of(InputStream.nullInputStream());
      }
    }
    try {
      return Optional.of(
          client.getObject(request -> {
            request.bucket(bucket).key(key(digest));
            if (offset > 0) {
              request.range("bytes=" + offset + "-");
            }
          }));
    } catch (NoSuchKeyException absent) {
      return Optional.empty();
    } catch (SdkException broken) {
      throw broken(broken);
    }
  }

  @Override
  public Upload begin(BlobDigest digest, long sizeBytes) {
    return new S3Upload(client, bucket, key(digest), new BlobCheck(digest, sizeBytes), sizeBytes);
  }

  @Override
  public void delete(BlobDigest digest) throws IOException {
    try {
      client.deleteObject(request -> request.bucket(bucket).key(key(digest)));
    } catch (SdkException broken) {
      throw broken(broken);
    }
  }

  @Override
  public List<Stored> list(Optional<BlobDigest> after, int limit) throws IOException {
    String from = after.map(this::key).orElse("");
    try {
      while (true) {
        ListObjectsV2Response page = page(from, Math.min(limit, MAX_PAGE));
        List<Stored> blobs = page.contents().stream().flatMap(this::blob).toList();
        if (!blobs.isEmpty() || page.contents().isEmpty()) {
          return blobs;
        }
        // Nothing but strangers' objects: what follows may be ours.
        from = page.contents().getLast().key();
      }
    } catch (SdkException broken) {
      throw broken(broken);
    }
  }

  private ListObjectsV2Response page(String from, int most) {
    return client.listObjectsV2(request -> {
      request.bucket(bucket).prefix(prefix + PREFIX).maxKeys(most);
      if (!from.isEmpty()) {
        request.startAfter(from);
      }
    });
  }

  private Stream<Stored> blob(S3Object object) {
    String hex = object.key().substring((prefix + PREFIX).length());
    return hex.matches("[0-9a-f]{64}")
        ? Stream.of(
            new Stored(new BlobDigest("sha256:" + hex), object.size(), object.lastModified()))
        : Stream.empty();
  }

  @Override
  public void removeLeftovers(Instant before) throws IOException {
    try {
      ListMultipartUploadsResponse page =
          client.listMultipartUploads(request -> request.bucket(bucket).prefix(prefix + PREFIX));
      for (MultipartUpload upload : page.uploads()) {
        if (upload.initiated() != null && upload.initiated().isBefore(before)) {
          client.abortMultipartUpload(
              request -> request.bucket(bucket).key(upload.key()).uploadId(upload.uploadId()));
        }
      }
    } catch (SdkException broken) {
      throw broken(broken);
    }
  }

  /** The message is about our level; the cause tells the service's. */
  static IOException broken(SdkException cause) {
    return new IOException("the S3 store of blobs does not do it: " + cause.getMessage(), cause);
  }

  @Override
  public void close() {
    client.close();
  }
}
