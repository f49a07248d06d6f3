package dev.mayfly.worker.daemon;

import dev.mayfly.worker.daemon.link.LinkPorts.TokenSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** The join token in a file that the orchestrator wrote; read each time, never kept or logged. */
record TokenFile(Path file) implements TokenSource {
  /** Far longer than any token. */
  private static final int MAX_BYTES = 4096;

  @Override
  public String read() throws IOException {
    byte[] bytes;
    try (InputStream content = Files.newInputStream(file)) {
      bytes = content.readNBytes(MAX_BYTES + 1);
    } catch (NoSuchFileException absent) {
      throw new IOException(
          "there is no worker token at " + file + " yet; the orchestrator makes it when it starts",
          absent);
    }
    var token = new String(bytes, StandardCharsets.US_ASCII).strip();
    if (token.isEmpty()
        || bytes.length > MAX_BYTES
        || token.chars().anyMatch(c -> c <= ' ' || c > '~')) {
      throw new IOException(file + " does not hold a token");
    }
    return token;
  }
}
