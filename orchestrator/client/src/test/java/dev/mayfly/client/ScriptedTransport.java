package dev.mayfly.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Answers what was laid in beforehand, in order; the last answer again and again. */
final class ScriptedTransport implements Transport {
  private final Deque<Step> steps = new ArrayDeque<>();
  private final List<Request> requests = new ArrayList<>();

  @FunctionalInterface
  interface Step {
    Answer answer(Request request) throws IOException;
  }

  @Override
  public Answer send(Request request) throws IOException {
    requests.add(request);
    Step step = steps.size() > 1 ? steps.remove() : steps.element();
    return step.answer(request);
  }

  @Override
  public Answer send(Request request, InputStream body) throws IOException {
    return send(
        new Request(
            request.method(),
            request.target(),
            request.headers(),
            body.readAllBytes(),
            request.silence()));
  }

  @Override
  public Answer send(Request request, InputStream body, long length) throws IOException {
    return send(request, body);
  }

  List<Request> requests() {
    return requests;
  }

  ScriptedTransport then(Step step) {
    steps.add(step);
    return this;
  }

  ScriptedTransport thenFail(IOException failure) {
    return then(request -> {
      throw failure;
    });
  }

  ScriptedTransport thenAnswer(int status, String type, String body) {
    return then(request -> answer(status, type, stream(body), Map.of()));
  }

  /** Events, then the failure, or a clean end when it is null. */
  ScriptedTransport thenEvents(String events, @Nullable IOException failure) {
    return then(request ->
        answer(
            200,
            "text/event-stream;charset=UTF-8",
            failure == null
                ? stream(events)
                : new SequenceInputStream(stream(events), new Failing(failure)),
            Map.of()));
  }

  static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  static Answer answer(int status, String type, InputStream body, Map<String, String> headers) {
    return new Answer() {
      @Override
      public int status() {
        return status;
      }

      @Override
      public @Nullable String header(String name) {
        return name.equals("Content-Type") ? type : headers.get(name);
      }

      @Override
      public InputStream body() {
        return body;
      }

      @Override
      public void close() {}
    };
  }

  private static final class Failing extends InputStream {
    private final IOException failure;

    Failing(IOException failure) {
      this.failure = failure;
    }

    @Override
    public int read() throws IOException {
      throw failure;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      throw failure;
    }
  }
}
