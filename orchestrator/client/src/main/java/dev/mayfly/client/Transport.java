package dev.mayfly.client;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sends one HTTP request and hands back the answer as soon as its header is there. Never retries
 * and never follows redirects. Safe for use by several threads.
 */
interface Transport {

  Answer send(Request request) throws IOException;

  /** As {@link #send(Request)}, with a body that is sent as it is read; the caller closes it. */
  Answer send(Request request, InputStream body) throws IOException;

  /**
   * As {@link #send(Request, InputStream)}, with a body whose length is announced; one that ends
   * earlier is an error.
   *
   * @param length in bytes, at least 0
   */
  Answer send(Request request, InputStream body, long length) throws IOException;

  /**
   * One request.
   *
   * @param target what follows the base URL, encoded: path and query
   * @param silence the longest wait for a byte of the answer
   */
  record Request(
      String method,
      String target,
      Map<String, String> headers,
      byte @Nullable [] body,
      Duration silence) {}

  /** An answer; must be closed. */
  interface Answer extends Closeable {
    int status();

    @Nullable String header(String name);

    /**
     * The body. A body that ends before its announced length throws; reading waits at most the
     * request's silence for each byte.
     */
    InputStream body();

    @Override
    void close();
  }
}
