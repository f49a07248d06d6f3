package dev.mayfly.it.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Puts bytes into a registry by the plain requests of the distribution specification, so that what
 * a test reads was not written by what it tests.
 */
final class RawPush {
  private static final Pattern BLOB =
      Pattern.compile("\"mediaType\":\"([^\"]*)\",\"digest\":\"(sha256:[0-9a-f]{64})\"");

  private final HttpClient http = HttpClient.newHttpClient();
  private final LoopbackRegistry registry;
  private final Optional<LoopbackRegistry.Login> login;

  RawPush(LoopbackRegistry registry, Optional<LoopbackRegistry.Login> login) {
    this.registry = registry;
    this.login = login;
  }

  static RawPush to(LoopbackRegistry registry) {
    return new RawPush(registry, Optional.empty());
  }

  /** Pushes an image of a layout under a tag; returns its manifest's digest. */
  Sha256 image(Path layout, String tagInLayout, String repository, String tag) throws Exception {
    Sha256 digest = SavedImages.manifest(layout, tagInLayout);
    byte[] manifest = Files.readAllBytes(SavedImages.blob(layout, digest));
    Matcher blobs = BLOB.matcher(new String(manifest, StandardCharsets.UTF_8));
    while (blobs.find()) {
      blob(repository, Files.readAllBytes(SavedImages.blob(layout, Sha256.parse(blobs.group(2)))));
    }
    manifest(repository, tag, "application/vnd.oci.image.manifest.v1+json", manifest);
    return digest;
  }

  Sha256 blob(String repository, byte[] bytes) throws Exception {
    Sha256 digest = Sha256.of(bytes);
    HttpResponse<String> started =
        send(
            request("/v2/" + repository + "/blobs/uploads/")
                .POST(HttpRequest.BodyPublishers.noBody()));
    assertThat(started.statusCode()).isEqualTo(202);
    URI location =
        URI.create("http://" + registry.host())
            .resolve(started.headers().firstValue("Location").orElseThrow());
    String separator = location.getQuery() == null ? "?" : "&";
    HttpResponse<String> stored =
        send(
            authorized(
                    HttpRequest.newBuilder(URI.create(location + separator + "digest=" + digest)))
                .header("Content-Type", "application/octet-stream")
                .PUT(HttpRequest.BodyPublishers.ofByteArray(bytes)));
    assertThat(stored.statusCode()).as(stored.body()).isEqualTo(201);
    return digest;
  }

  Sha256 manifest(String repository, String tag, String mediaType, byte[] bytes) throws Exception {
    HttpResponse<String> stored =
        send(
            request("/v2/" + repository + "/manifests/" + tag)
                .header("Content-Type", mediaType)
                .PUT(HttpRequest.BodyPublishers.ofByteArray(bytes)));
    assertThat(stored.statusCode()).as(stored.body()).isEqualTo(201);
    return Sha256.of(bytes);
  }

  private HttpRequest.Builder request(String path) {
    return authorized(HttpRequest.newBuilder(URI.create("http://" + registry.host() + path)));
  }

  private HttpRequest.Builder authorized(HttpRequest.Builder request) {
    login.ifPresent(known ->
        request.header(
            "Authorization",
            "Basic "
                + Base64.getEncoder()
                    .encodeToString(
                        (known.user() + ":" + known.password()).getBytes(StandardCharsets.UTF_8))));
    return request;
  }

  private HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }
}
