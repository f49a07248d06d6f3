package dev.mayfly.server.http;

import dev.mayfly.server.TestOrchestrator;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Calls REST as a front end does. */
public final class Api {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final JsonMapper JSON = JsonMapper.shared();
  public static final String BUNDLE = "sha256:" + "a".repeat(64);

  private final HttpClient http = HttpClient.newHttpClient();
  private final TestOrchestrator orchestrator;

  public Api(TestOrchestrator orchestrator) {
    this.orchestrator = orchestrator;
  }

  /** An answer, its body as text and as JSON. */
  public record Answer(int status, String contentType, String body, HttpResponse<byte[]> raw) {
    public JsonNode json() {
      return JSON.readTree(body);
    }

    public String header(String name) {
      return raw.headers().firstValue(name).orElse("");
    }

    public List<String> errorFields() {
      return json()
          .get("errors")
          .valueStream()
          .map(error -> error.get("field").asString())
          .toList();
    }
  }

  /** A request to the path, with the API token. */
  public HttpRequest.Builder request(String path) {
    return anonymous(path).header("Authorization", "Bearer " + orchestrator.apiToken());
  }

  public HttpRequest.Builder anonymous(String path) {
    return HttpRequest.newBuilder(orchestrator.uri(path)).timeout(TIMEOUT);
  }

  public Answer send(HttpRequest.Builder request) {
    try {
      HttpResponse<byte[]> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
      return new Answer(
          response.statusCode(),
          response.headers().firstValue("Content-Type").orElse(""),
          new String(response.body(), java.nio.charset.StandardCharsets.UTF_8),
          response);
    } catch (IOException failed) {
      throw new IllegalStateException("the orchestrator did not answer", failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", interrupted);
    }
  }

  public Answer get(String path) {
    return send(request(path));
  }

  public Answer post(String path, String json, String... headers) {
    HttpRequest.Builder request =
        request(path)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json));
    return send(headers.length == 0 ? request : request.headers(headers));
  }

  public Answer put(String path, String json) {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .PUT(HttpRequest.BodyPublishers.ofString(json)));
  }

  public Answer delete(String path) {
    return send(request(path).DELETE());
  }

  public void publish(String image) {
    Answer answer =
        put(
            "/api/v1/images/" + image.replace("/", "%2F"),
            """
            {"bundleDigest":"%s","architecture":"x86_64","sizeBytes":1}\
            """
                .formatted(BUNDLE));
    if (answer.status() != 200) {
      throw new IllegalStateException("could not publish: " + answer.body());
    }
  }

  /** Submits a job of the image and answers its id. */
  public String submit(String image) {
    publish(image);
    Answer answer =
        post(
            "/api/v1/jobs",
            """
            {"image":"%s","command":["true"],"environment":{"TOKEN":"secret"}}\
            """
                .formatted(image));
    if (answer.status() != 201) {
      throw new IllegalStateException("could not submit: " + answer.body());
    }
    return answer.json().get("id").asString();
  }

  public JsonNode job(String id) {
    return get("/api/v1/jobs/" + id).json();
  }

  /** Opens a stream of server-sent events; the lines as they come. */
  public HttpResponse<java.util.stream.Stream<String>> follow(String path, String... headers) {
    try {
      HttpRequest.Builder request = request(path);
      return http.send(
          (headers.length == 0 ? request : request.headers(headers)).build(),
          HttpResponse.BodyHandlers.ofLines());
    } catch (IOException failed) {
      throw new IllegalStateException("the orchestrator did not answer", failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", interrupted);
    }
  }
}
