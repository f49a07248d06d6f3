package dev.mayfly.it.guest;

import dev.mayfly.worker.core.guest.FramedGuestSessions;
import dev.mayfly.worker.core.guest.GuestChannel;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.guest.GuestSetup;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * The guest agent as an ordinary process of this host, built with AddressSanitizer and UBSan,
 * listening on a Unix socket.
 */
final class LoopbackAgent implements AutoCloseable {
  private static final Path MODULE = Path.of("..", "image-builder", "guest-agent");
  private static final int PATIENCE_SECONDS = 30;

  private final Process process;
  private final Path socket;
  private final Path errors;

  private LoopbackAgent(Process process, Path socket, Path errors) {
    this.process = process;
    this.socket = socket;
    this.errors = errors;
  }

  static LoopbackAgent start(Path directory) throws IOException, InterruptedException {
    Process make =
        new ProcessBuilder("make", "-s", "agent-asan")
            .directory(MODULE.toFile())
            .inheritIO()
            .start();
    if (make.waitFor() != 0) {
      throw new IllegalStateException("make agent-asan failed");
    }
    Path socket = directory.resolve("agent");
    Path errors = directory.resolve("agent.err");
    Process process =
        new ProcessBuilder(
                MODULE.resolve("target/agent/agent-asan").toString(),
                "--loopback",
                "--listen",
                socket.toString())
            .redirectErrorStream(true)
            .redirectOutput(errors.toFile())
            .start();
    for (int i = 0; i < PATIENCE_SECONDS * 100 && !Files.exists(socket); i++) {
      if (!process.isAlive()) {
        throw new IllegalStateException("the agent ended at once: " + Files.readString(errors));
      }
      Thread.sleep(10);
    }
    return new LoopbackAgent(process, socket, errors);
  }

  /** A new connection; the agent keeps what it has of earlier ones. */
  SocketGuestChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(socket));
    return new SocketGuestChannel(channel);
  }

  /** A session on a new connection; with the setup done unless it was before. */
  GuestSession open(FramedGuestSessions sessions, boolean again, Duration patience)
      throws Exception {
    GuestSession session = sessions.open(connect(), again, patience);
    if (!again) {
      byte[] entropy = new byte[32];
      session.setup(
          new GuestSetup(
              Instant.now(),
              entropy,
              "loopback",
              "0123456789abcdef0123456789abcdef",
              "",
              "",
              "",
              "",
              GuestSetup.Network.NONE,
              Duration.ZERO),
          patience);
    }
    return session;
  }

  /** What the sanitizers said; empty when all is well. */
  String complaints() throws IOException {
    String text = Files.readString(errors);
    return text.contains("Sanitizer") || text.contains("runtime error") ? text : "";
  }

  boolean alive() {
    return process.isAlive();
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }

  /** A Unix socket as a guest's channel, which can be cut. */
  record SocketGuestChannel(SocketChannel channel) implements GuestChannel {
    @Override
    public int read(ByteBuffer into) throws IOException {
      return channel.read(into);
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
      while (from.hasRemaining()) {
        channel.write(from);
      }
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
