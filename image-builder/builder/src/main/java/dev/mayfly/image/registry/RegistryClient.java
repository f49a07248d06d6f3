package dev.mayfly.image.registry;

import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.oci.MediaTypes;
import dev.mayfly.image.oci.OciDocuments;
import dev.mayfly.image.oci.OciException;
import dev.mayfly.image.registry.DockerCredentials.UnreadableException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import land.oras.ContainerRef;
import land.oras.auth.AuthProvider;
import land.oras.auth.HttpClient;
import land.oras.auth.HttpClient.ResponseWrapper;
import land.oras.auth.Scopes;
import land.oras.exception.OrasException;
import tools.jackson.core.JacksonException;

/**
 * One repository in one registry or mirror. The library answers challenges, follows redirects and
 * keeps tokens; what comes back is read here, within limits. Thread-safe.
 */
final class RegistryClient {
  /** Of the answer's head; a registry that fetches from another takes its time. */
  private static final Duration ANSWER = Duration.ofSeconds(60);

  private static final String ACCEPT = String.join(", ", MediaTypes.accepted());
  private static final String DIGEST = "docker-content-digest";

  private final HttpClient http;
  private final AuthProvider credentials;
  private final ContainerRef ref;
  private final boolean plain;

  RegistryClient(HttpClient http, AuthProvider credentials, ContainerRef ref, boolean plain) {
    this.http = http;
    this.credentials = credentials;
    this.ref = ref;
    this.plain = plain;
  }

  /**
   * A manifest or an index, as it came.
   *
   * @param digest of the bytes
   */
  record Document(String mediaType, Sha256 digest, byte[] bytes) {}

  /**
   * A blob's bytes from an offset on; the reader closes it.
   *
   * @param from 0 where the registry does not take a range
   * @param length of what follows, where the registry says it
   */
  record Piece(InputStream in, long from, OptionalLong length) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      in.close();
    }
  }

  String registry() {
    return ref.getRegistry();
  }

  boolean isPlain() {
    return plain;
  }

  ContainerRef ref() {
    return ref;
  }

  /** The digest of what the tag points to; empty where the registry does not say. */
  Optional<Sha256> head() throws IOException, InterruptedException {
    String what = name();
    ResponseWrapper<String> response =
        request(
            what,
            () ->
                http.head(
                    uri(ref.getManifestsPath()),
                    Map.of("Accept", ACCEPT),
                    Scopes.of(ref),
                    credentials));
    // Some registries do not answer HEAD.
    if (response.statusCode() == 405 || response.statusCode() == 501) {
      return Optional.empty();
    }
    requireFound(what, response);
    return digest(what, response);
  }

  /** What the tag, or the digest in the reference, points to. */
  Document manifest() throws IOException, InterruptedException {
    String pinned = ref.getDigest();
    return document(
        name(), ref, pinned == null ? Optional.empty() : Optional.of(Sha256.parse(pinned)));
  }

  /** The manifest with this digest. */
  Document manifest(Sha256 digest) throws IOException, InterruptedException {
    return document("manifest " + digest, ref.withDigest(digest.toString()), Optional.of(digest));
  }

  /** A blob from an offset on; empty where the registry's has no more bytes than that. */
  Optional<Piece> blob(Sha256 digest, long from) throws IOException, InterruptedException {
    String what = "blob " + digest;
    Map<String, String> headers = from == 0 ? Map.of() : Map.of("Range", "bytes=" + from + "-");
    ResponseWrapper<InputStream> response =
        request(
            what,
            () ->
                http.download(
                    uri(ref.withDigest(digest.toString()).getBlobsPath(null)),
                    headers,
                    Scopes.of(ref),
                    credentials));
    try {
      OptionalLong length = length(response);
      switch (response.statusCode()) {
        case 200 -> {
          return Optional.of(new Piece(response.response(), 0, length));
        }
        case 206 -> {
          String range = response.headers().getOrDefault("content-range", "");
          if (range.startsWith("bytes " + from + "-")) {
            return Optional.of(new Piece(response.response(), from, length));
          }
          throw OciException.outside(
              registry() + " sent another part of " + what + " than was asked for: " + range);
        }
        case 416 -> {
          response.response().close();
          return Optional.empty();
        }
        default -> throw Failures.of(registry(), what, response.statusCode());
      }
    } catch (IOException e) {
      response.response().close();
      throw e;
    }
  }

  private Document document(String what, ContainerRef from, Optional<Sha256> expected)
      throws IOException, InterruptedException {
    ResponseWrapper<InputStream> response =
        request(
            what,
            () ->
                http.download(
                    uri(from.getManifestsPath()),
                    Map.of("Accept", ACCEPT),
                    Scopes.of(ref),
                    credentials));
    byte[] bytes;
    try (InputStream in = response.response()) {
      requireFound(what, response);
      bytes = Patience.call(registry(), ANSWER, () -> in.readNBytes(OciDocuments.MAX_BYTES + 1));
    }
    if (bytes.length > OciDocuments.MAX_BYTES) {
      throw OciException.wrong(
          registry() + "'s " + what + " has more than " + OciDocuments.MAX_BYTES + " bytes");
    }
    Sha256 actual = Sha256.of(bytes);
    Optional<Sha256> wanted = expected.isPresent() ? expected : digest(what, response);
    if (wanted.isPresent() && !wanted.get().equals(actual)) {
      throw OciException.outside(
          registry()
              + " sent for "
              + what
              + " bytes whose digest is "
              + actual
              + " and not "
              + wanted.get()
              + "; nothing was taken of it");
    }
    String type = response.headers().getOrDefault("content-type", "");
    int parameters = type.indexOf(';');
    String mediaType = parameters < 0 ? type : type.substring(0, parameters);
    return new Document(mediaType.strip().toLowerCase(Locale.ROOT), actual, bytes);
  }

  private void requireFound(String what, ResponseWrapper<?> response) throws OciException {
    if (response.statusCode() != 200) {
      throw Failures.of(registry(), what, response.statusCode());
    }
  }

  private Optional<Sha256> digest(String what, ResponseWrapper<?> response) throws OciException {
    String text = response.headers().get(DIGEST);
    try {
      return text == null ? Optional.empty() : Optional.of(Sha256.parse(text));
    } catch (IllegalArgumentException e) {
      throw OciException.outside(registry() + " names " + what + " wrongly: " + e.getMessage(), e);
    }
  }

  private OptionalLong length(ResponseWrapper<?> response) throws OciException {
    String text = response.headers().get("content-length");
    try {
      return text == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(text));
    } catch (NumberFormatException e) {
      throw OciException.outside(registry() + " says no number for a length", e);
    }
  }

  private URI uri(String path) {
    return URI.create((plain ? "http://" : "https://") + path);
  }

  private String name() {
    String digest = ref.getDigest();
    return ref.getFullRepository() + (digest == null ? ":" + ref.getTag() : "@" + digest);
  }

  private interface Request<T> {
    ResponseWrapper<T> send();
  }

  private <T> ResponseWrapper<T> request(String what, Request<T> request)
      throws IOException, InterruptedException {
    try {
      return Patience.call(registry(), ANSWER, request::send);
    } catch (OrasException | JacksonException | UnreadableException | IllegalArgumentException e) {
      throw Failures.of(registry(), what, e);
    }
  }
}
