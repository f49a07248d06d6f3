package dev.mayfly.server.blobs;

import dev.mayfly.core.image.BlobStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/**
 * An object on its way: in one request when it is small, else in parts that become an object when
 * all of them are there and the digest is right. Holds one part in memory.
 */
final class S3Upload implements BlobStore.Upload {
  private static final Logger log = LoggerFactory.getLogger(S3Upload.class);

  /** The service takes 10,000 parts of at least 5 MiB. */
  private static final int LEAST_PART = 8 * 1024 * 1024;

  private static final int MAX_PARTS = 10_000;

  private final S3Client client;
  private final String bucket;
  private final String key;
  private final BlobCheck check;
  private final byte[] part;
  private final List<CompletedPart> sent = new ArrayList<>();
  private int filled;
  private @Nullable String uploadId;

  S3Upload(S3Client client, String bucket, String key, BlobCheck check, long size) {
    this.client = client;
    this.bucket = bucket;
    this.key = key;
    this.check = check;
    this.part = new byte[partSize(size)];
  }

  /** What is smaller than a part needs no larger buffer than itself. */
  static int partSize(long size) {
    return Math.toIntExact(Math.min(size, Math.max(LEAST_PART, size / MAX_PARTS + 1)));
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    if (!check.take(bytes, offset, length)) {
      return;
    }
    int done = 0;
    while (done < length) {
      if (filled == part.length) {
        sendPart();
      }
      int count = Math.min(length - done, part.length - filled);
      System.arraycopy(bytes, offset + done, part, filled, count);
      filled += count;
      done += count;
    }
  }

  private RequestBody body() {
    return RequestBody.fromRemainingByteBuffer(ByteBuffer.wrap(part, 0, filled));
  }

  private void sendPart() throws IOException {
    try {
      String id = uploadId;
      if (id == null) {
        id = client.createMultipartUpload(request -> request.bucket(bucket).key(key)).uploadId();
        uploadId = id;
      }
      String upload = id;
      int number = sent.size() + 1;
      UploadPartResponse answer =
          client.uploadPart(
              request -> request.bucket(bucket).key(key).uploadId(upload).partNumber(number),
              body());
      sent.add(CompletedPart.builder().partNumber(number).eTag(answer.eTag()).build());
      filled = 0;
    } catch (SdkException broken) {
      throw S3BlobStore.broken(broken);
    }
  }

  @Override
  public Result finish() throws IOException {
    Result result = check.result();
    if (result != Result.STORED) {
      return result;
    }
    if (uploadId == null) {
      try {
        client.putObject(request -> request.bucket(bucket).key(key), body());
      } catch (SdkException broken) {
        throw S3BlobStore.broken(broken);
      }
    } else {
      sendPart();
      complete();
    }
    return result;
  }

  private void complete() throws IOException {
    String upload = uploadId;
    try {
      client.completeMultipartUpload(request ->
          request
              .bucket(bucket)
              .key(key)
              .uploadId(upload)
              .multipartUpload(parts -> parts.parts(sent)));
      uploadId = null;
    } catch (SdkException broken) {
      throw S3BlobStore.broken(broken);
    }
  }

  @Override
  public void close() {
    String upload = uploadId;
    if (upload == null) {
      return;
    }
    uploadId = null;
    try {
      client.abortMultipartUpload(request -> request.bucket(bucket).key(key).uploadId(upload));
    } catch (SdkException left) {
      // Its parts are removed by their age.
      log.atWarn().addKeyValue("key", key).setCause(left).log("Could not abort an upload");
    }
  }
}
