package dev.mayfly.client;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.net.URLConnection;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * HTTP by {@link HttpURLConnection}: it starts in a fraction of the time of java.net.http. It may
 * repeat a POST once by itself when a kept connection turns out to be closed; every call of REST v1
 * bears that (a submit carries its idempotency key).
 */
final class UrlTransport implements Transport {
  private static final int STREAM_CHUNK = 64 * 1024;

  private final BaseUrl base;
  private final Duration connect;

  UrlTransport(BaseUrl base, Duration connect) {
    this.base = base;
    this.connect = connect;
  }

  @Override
  public Answer send(Request request) throws IOException {
    HttpURLConnection connection = prepared(request);
    byte[] body = request.body();
    if (body != null) {
      connection.setDoOutput(true);
      try (OutputStream out = connection.getOutputStream()) {
        out.write(body);
      }
    }
    return answered(connection);
  }

  @Override
  public Answer send(Request request, InputStream body) throws IOException {
    HttpURLConnection connection = prepared(request);
    connection.setChunkedStreamingMode(STREAM_CHUNK);
    return streamed(connection, body);
  }

  @Override
  public Answer send(Request request, InputStream body, long length) throws IOException {
    HttpURLConnection connection = prepared(request);
    connection.setFixedLengthStreamingMode(length);
    return streamed(connection, body);
  }

  private static Answer streamed(HttpURLConnection connection, InputStream body)
      throws IOException {
    connection.setDoOutput(true);
    try (OutputStream out = connection.getOutputStream()) {
      body.transferTo(out);
    } catch (IOException broken) {
      // A server that refuses answers before it has read all; what it says is worth more.
      return earlyAnswer(connection, broken);
    }
    return answered(connection);
  }

  private static Answer earlyAnswer(HttpURLConnection connection, IOException broken)
      throws IOException {
    try {
      return answered(connection);
    } catch (IOException noAnswer) {
      connection.disconnect();
      broken.addSuppressed(noAnswer);
      throw broken;
    }
  }

  private HttpURLConnection prepared(Request request) throws IOException {
    HttpURLConnection connection = open(request.target());
    connection.setInstanceFollowRedirects(false); // the token goes nowhere else
    connection.setUseCaches(false);
    connection.setConnectTimeout(Math.toIntExact(connect.toMillis()));
    connection.setReadTimeout(Math.toIntExact(request.silence().toMillis()));
    connection.setRequestMethod(request.method());
    request.headers().forEach(connection::setRequestProperty);
    return connection;
  }

  private static Answer answered(HttpURLConnection connection) throws IOException {
    try {
      int status = connection.getResponseCode();
      if (status < 0) {
        throw new IOException("the answer is not HTTP");
      }
      return new UrlAnswer(connection, status, bodyOf(connection, status));
    } catch (IOException | RuntimeException failure) {
      connection.disconnect();
      throw failure;
    }
  }

  private HttpURLConnection open(String target) throws IOException {
    URI uri = URI.create(base.value() + target);
    // A proxy has no business between us and our own machine, and would see the token.
    URLConnection connection =
        base.loopback() ? uri.toURL().openConnection(Proxy.NO_PROXY) : uri.toURL().openConnection();
    if (connection instanceof HttpURLConnection http) {
      return http;
    }
    throw new IOException("no HTTP for " + base);
  }

  private static InputStream bodyOf(HttpURLConnection connection, int status) throws IOException {
    InputStream raw = status >= 400 ? connection.getErrorStream() : connection.getInputStream();
    if (raw == null) {
      return InputStream.nullInputStream();
    }
    long length =
        connection.getRequestMethod().equals("HEAD") ? -1 : connection.getContentLengthLong();
    return length < 0 ? raw : new ExactLength(raw, length);
  }

  private record UrlAnswer(HttpURLConnection connection, int status, InputStream body)
      implements Answer {

    @Override
    public @Nullable String header(String name) {
      return connection.getHeaderField(name);
    }

    @Override
    public void close() {
      try {
        body.close();
      } catch (IOException alreadyBroken) {
        // The answer has been used or given up; the connection is dropped below either way.
        connection.disconnect();
      }
    }
  }

  /** HttpURLConnection passes off a body that was cut short as a whole one; this notices. */
  private static final class ExactLength extends FilterInputStream {
    private long remaining;

    ExactLength(InputStream in, long length) {
      super(in);
      this.remaining = length;
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
        remaining -= count;
      } else if (count < 0 && remaining > 0) {
        throw new EOFException("the answer was cut short, " + remaining + " bytes are missing");
      }
      return count;
    }

    @Override
    public long skip(long count) throws IOException {
      long skipped = super.skip(count);
      remaining -= skipped;
      return skipped;
    }

    @Override
    public boolean markSupported() {
      return false;
    }
  }
}
