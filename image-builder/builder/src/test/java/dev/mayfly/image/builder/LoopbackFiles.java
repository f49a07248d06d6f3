package dev.mayfly.image.builder;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A publisher of files on loopback, who may be told to do it wrong. */
final class LoopbackFiles implements AutoCloseable {
  private final HttpServer server;
  private final Map<String, byte[]> files = new ConcurrentHashMap<>();
  private final Map<String, Integer> truncated = new ConcurrentHashMap<>();

  LoopbackFiles() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path);
  }

  void put(String path, byte[] bytes) {
    files.put(path, bytes);
  }

  void remove(String path) {
    files.remove(path);
  }

  /** Promises the whole file and sends only its first bytes. */
  void truncate(String path, byte[] bytes, int sent) {
    files.put(path, bytes);
    truncated.put(path, sent);
  }

  @Override
  public void close() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    byte[] bytes = files.get(path);
    if (bytes == null) {
      exchange.sendResponseHeaders(404, -1);
    } else {
      exchange.sendResponseHeaders(200, bytes.length);
      exchange.getResponseBody().write(bytes, 0, truncated.getOrDefault(path, bytes.length));
    }
    exchange.close();
  }
}
