package dev.mayfly.it.scenario;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Reads a stream to its end in the background, so that a process never blocks on a full pipe. */
final class Collector implements AutoCloseable {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final Thread reader;

  Collector(InputStream stream) {
    reader =
        Thread.ofVirtual()
            .start(() -> {
              try (stream) {
                stream.transferTo(bytes);
              } catch (IOException closed) {
                // The process was killed; what came so far counts.
              }
            });
  }

  /** Everything, once the stream has ended. */
  String text() throws InterruptedException {
    reader.join();
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** What came so far. */
  String soFar() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws InterruptedException {
    reader.join();
  }
}
