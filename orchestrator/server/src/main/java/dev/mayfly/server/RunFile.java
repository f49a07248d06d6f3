package dev.mayfly.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** {@code run/orchestrator.json}: where this orchestrator listens, while it does. */
final class RunFile {
  private final Path file;

  RunFile(Path home) {
    this.file = home.resolve("run").resolve("orchestrator.json");
  }

  void write(int httpPort, int grpcPort) throws IOException {
    Path partial = file.resolveSibling("orchestrator.json.partial");
    Files.createDirectories(file.getParent());
    Files.writeString(
        partial,
        "{\"pid\":%d,\"httpPort\":%d,\"grpcPort\":%d}%n"
            .formatted(ProcessHandle.current().pid(), httpPort, grpcPort));
    Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
  }

  void remove() throws IOException {
    Files.deleteIfExists(file);
  }
}
