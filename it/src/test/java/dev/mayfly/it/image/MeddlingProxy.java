package dev.mayfly.it.image;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

/** Stands before a real registry: counts what is asked for, and changes answers as it is told. */
final class MeddlingProxy implements AutoCloseable {
  /** What the proxy does to the registry's answer. */
  @FunctionalInterface
  interface Meddling {
    Answer change(String path, Answer answer);

    static Meddling none() {
      return (path, answer) -> answer;
    }
  }

  /**
   * @param said the length its head says
   * @param body what is sent of it; with less than what was said the connection ends there
   */
  record Answer(int status, long said, byte[] body) {
    Answer cutTo(int bytes) {
      return new Answer(status, said, Arrays.copyOf(body, bytes));
    }

    Answer instead(byte[] other) {
      return new Answer(status, other.length, other);
    }
  }

  private static final List<String> PASSED =
      List.of("content-type", "docker-content-digest", "content-range", "www-authenticate");

  private final HttpClient http = HttpClient.newHttpClient();
  private final HttpServer server;
  private final String behind;
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private volatile Meddling meddling = Meddling.none();

  private MeddlingProxy(HttpServer server, String behind) {
    this.server = server;
    this.behind = behind;
  }

  static MeddlingProxy before(LoopbackRegistry registry) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    MeddlingProxy proxy = new MeddlingProxy(server, registry.host());
    server.createContext("/", proxy::handle);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.start();
    return proxy;
  }

  String host() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  void meddle(Meddling with) {
    meddling = with;
  }

  /** {@code METHOD path}, with the range where one was asked for, since the last call. */
  List<String> takeRequests() {
    List<String> taken = List.copyOf(requests);
    requests.clear();
    return taken;
  }

  private void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().toString();
    String range = exchange.getRequestHeaders().getFirst("Range");
    requests.add(exchange.getRequestMethod() + " " + path + (range == null ? "" : " " + range));
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://" + behind + path))
            .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.noBody());
    for (String header : List.of("Accept", "Range", "Authorization")) {
      String value = exchange.getRequestHeaders().getFirst(header);
      if (value != null) {
        request.header(header, value);
      }
    }
    HttpResponse<byte[]> response;
    try {
      response = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException | InterruptedException behindIsGone) {
      exchange.sendResponseHeaders(502, -1);
      exchange.close();
      return;
    }
    PASSED.forEach(name ->
        response
            .headers()
            .firstValue(name)
            .ifPresent(value -> exchange.getResponseHeaders().set(name, value)));
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(response.statusCode(), -1);
      exchange.close();
      return;
    }
    Answer answer =
        meddling.change(
            path, new Answer(response.statusCode(), response.body().length, response.body()));
    exchange.sendResponseHeaders(answer.status(), answer.said() == 0 ? -1 : answer.said());
    OutputStream out = exchange.getResponseBody();
    out.write(answer.body());
    if (answer.body().length < answer.said()) {
      out.flush();
      // The server closes the connection of a handler that fails.
      throw new IOException("cut off as told");
    }
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
