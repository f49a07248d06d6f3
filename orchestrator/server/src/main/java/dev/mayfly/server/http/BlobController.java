package dev.mayfly.server.http;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.core.image.BlobStore;
import dev.mayfly.server.config.OrchestratorSettings;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.bind.annotation.RestController;

/** Blobs: the files of bundles, streamed both ways. */
@RestController
@RequestMapping("/api/v1/blobs/{digest}")
@Tag(name = "images")
class BlobController {
  static final String BYTES = "application/octet-stream";

  /** Held in memory per transfer. */
  private static final int BUFFER = 128 * 1024;

  /** Each holds a connection and, with S3, one part in memory. */
  private static final int MAX_TRANSFERS = 64;

  private final BlobStore blobs;
  private final long maxBytes;
  private final Semaphore transfers = new Semaphore(MAX_TRANSFERS);

  BlobController(BlobStore blobs, OrchestratorSettings settings) {
    this.blobs = blobs;
    this.maxBytes = settings.blobs().maxBytes();
  }

  private static BlobDigest digest(String text) {
    try {
      return new BlobDigest(text);
    } catch (IllegalArgumentException notADigest) {
      throw unknown();
    }
  }

  private static RefusedRequestException unknown() {
    return new RefusedRequestException(Problems.notFound("blob"));
  }

  @RequestMapping(method = RequestMethod.HEAD)
  @Operation(operationId = "hasBlob", summary = "Whether a blob is stored, and its size")
  void head(@PathVariable("digest") String digest, HttpServletResponse response)
      throws IOException {
    response.setContentLengthLong(size(digest(digest)));
    response.setContentType(BYTES);
    response.setHeader(HttpHeaders.ACCEPT_RANGES, "bytes");
  }

  private long size(BlobDigest digest) throws IOException {
    return blobs.size(digest).orElseThrow(BlobController::unknown);
  }

  @GetMapping
  @Operation(
      operationId = "getBlob",
      summary = "The bytes of a blob",
      description = "One range of bytes can be asked for, so that a broken transfer goes on.")
  @ApiResponse(
      responseCode = "200",
      description = "The bytes.",
      content = @Content(mediaType = BYTES, schema = @Schema(type = "string", format = "binary")))
  void get(
      @PathVariable("digest") String digest,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    BlobDigest wanted = digest(digest);
    long size = size(wanted);
    ByteRange range = range(request.getHeader(HttpHeaders.RANGE), size, response);
    take();
    try (InputStream in = blobs.open(wanted, range.first()).orElseThrow(BlobController::unknown)) {
      response.setContentType(BYTES);
      response.setHeader(HttpHeaders.ACCEPT_RANGES, "bytes");
      response.setContentLengthLong(range.length());
      if (range.length() < size) {
        response.setStatus(HttpStatus.PARTIAL_CONTENT.value());
        response.setHeader(HttpHeaders.CONTENT_RANGE, range.header(size));
      }
      copy(in, response.getOutputStream(), range.length());
    } finally {
      transfers.release();
    }
  }

  private static ByteRange range(@Nullable String header, long size, HttpServletResponse response) {
    return ByteRange.of(header, size)
        .orElseThrow(() -> {
          response.setHeader(HttpHeaders.CONTENT_RANGE, "bytes */" + size);
          return new RefusedRequestException(
              Problems.of(
                  HttpStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                  "range-not-satisfiable",
                  "The range is not within the blob.",
                  "It has " + size + " bytes."));
        });
  }

  private static void copy(InputStream in, OutputStream out, long length) throws IOException {
    byte[] buffer = new byte[BUFFER];
    long left = length;
    while (left > 0) {
      int count = in.read(buffer, 0, (int) Math.min(buffer.length, left));
      if (count < 0) {
        // The length was announced: the connection is broken off, and nobody takes it for all.
        throw new IOException("a blob ended " + left + " bytes early");
      }
      out.write(buffer, 0, count);
      left -= count;
    }
  }

  private void take() {
    if (!transfers.tryAcquire()) {
      throw Problems.busy("Too many transfers of blobs are under way.");
    }
  }

  @PutMapping
  @Operation(
      operationId = "putBlob",
      summary = "Store a blob",
      description =
          "The body's sha256 is the digest; Content-Length is required. 201 when it is stored, 200"
              + " when it was already (the body is not read then). 422 when the bytes are not those"
              + " of the digest: nothing is stored.")
  @io.swagger.v3.oas.annotations.parameters.RequestBody(
      required = true,
      content = @Content(mediaType = BYTES, schema = @Schema(type = "string", format = "binary")))
  void put(
      @PathVariable("digest") String text, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    BlobDigest digest;
    try {
      digest = new BlobDigest(text);
    } catch (IllegalArgumentException notADigest) {
      throw invalid("digest", String.valueOf(notADigest.getMessage()));
    }
    long length = length(request);
    OptionalLong stored = blobs.size(digest);
    if (stored.isPresent() && stored.getAsLong() == length) {
      response.setStatus(HttpStatus.OK.value());
      return;
    }
    take();
    try (BlobStore.Upload upload = blobs.begin(digest, length)) {
      receive(request.getInputStream(), upload);
      switch (upload.finish()) {
        case STORED -> response.setStatus(HttpStatus.CREATED.value());
        case WRONG_DIGEST -> throw invalid("body", "does not have the digest of the path");
        case WRONG_SIZE -> throw invalid("body", "does not have the announced length");
      }
    } finally {
      transfers.release();
    }
  }

  private long length(HttpServletRequest request) {
    long length = request.getContentLengthLong();
    if (length < 0) {
      throw new RefusedRequestException(
          Problems.of(
              HttpStatus.LENGTH_REQUIRED,
              "length-required",
              "The length of the blob is missing.",
              "Send the header Content-Length."));
    }
    if (length == 0) {
      throw invalid("body", "is empty, which no file of a bundle is");
    }
    if (length > maxBytes) {
      throw new RefusedRequestException(Problems.tooLarge(maxBytes));
    }
    return length;
  }

  private static void receive(InputStream in, BlobStore.Upload upload) throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (int count = read(in, buffer); count >= 0; count = read(in, buffer)) {
      upload.write(buffer, 0, count);
    }
  }

  /** A front end that breaks off is no trouble of ours. */
  private static int read(InputStream in, byte[] buffer) {
    try {
      return in.read(buffer);
    } catch (IOException brokenOff) {
      throw new RefusedRequestException(Problems.badRequest("The body broke off."));
    }
  }

  private static RefusedRequestException invalid(String field, String message) {
    return new RefusedRequestException(
        Problems.invalid(List.of(new Problem.FieldError(field, message))));
  }
}
