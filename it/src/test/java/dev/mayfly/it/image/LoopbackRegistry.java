package dev.mayfly.it.image;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.bouncycastle.crypto.generators.OpenBSDBCrypt;
import org.jspecify.annotations.Nullable;

/** Debian's docker-registry, a real one, on a loopback port of its own. */
final class LoopbackRegistry implements AutoCloseable {
  /** A user and a password, where the registry asks for them. */
  record Login(String user, String password) {}

  private final Path directory;
  private final Path configuration;
  private final int port;
  private @Nullable Process process;

  private LoopbackRegistry(Path directory, Path configuration, int port) {
    this.directory = directory;
    this.configuration = configuration;
    this.port = port;
  }

  /** Starts one that keeps everything below the directory. */
  static LoopbackRegistry start(Path directory, Optional<Login> login) throws Exception {
    Files.createDirectories(directory);
    int port = freePort();
    String auth = "";
    if (login.isPresent()) {
      Path passwords = directory.resolve("htpasswd");
      Files.writeString(passwords, login.get().user() + ":" + hash(login.get().password()) + "\n");
      auth = "auth:\n  htpasswd:\n    realm: loopback\n    path: " + passwords + "\n";
    }
    Path configuration = directory.resolve("registry.yml");
    Files.writeString(
        configuration,
        """
        version: 0.1
        log:
          level: warn
          accesslog:
            disabled: true
        storage:
          filesystem:
            rootdirectory: %s
          delete:
            enabled: true
        http:
          addr: 127.0.0.1:%d
        %s\
        """
            .formatted(directory.resolve("data"), port, auth));
    LoopbackRegistry registry = new LoopbackRegistry(directory, configuration, port);
    registry.start();
    return registry;
  }

  /** {@code 127.0.0.1:port}. */
  String host() {
    return "127.0.0.1:" + port;
  }

  int port() {
    return port;
  }

  /** Runs again on the same port, with what it had. */
  void start() throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(List.of("docker-registry", "serve", configuration.toString()))
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(directory.resolve("registry.log").toFile()));
    Process started = builder.start();
    process = started;
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(50))
        .until(() -> !started.isAlive() || answers());
    if (!started.isAlive()) {
      throw new IOException(
          "docker-registry ended: " + Files.readString(directory.resolve("registry.log")));
    }
  }

  /** Ends it at once, connections and all. */
  void stop() throws Exception {
    Process running = process;
    if (running != null) {
      running.destroyForcibly();
      running.waitFor(10, TimeUnit.SECONDS);
    }
  }

  /** Overwrites the bytes the registry has for a blob. */
  void spoil(String digest, byte[] instead) throws IOException {
    Path data = blob(digest);
    Files.setPosixFilePermissions(
        data, Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));
    Files.write(data, instead);
  }

  byte[] bytes(String digest) throws IOException {
    return Files.readAllBytes(blob(digest));
  }

  private Path blob(String digest) {
    String hex = digest.substring("sha256:".length());
    return directory
        .resolve("data/docker/registry/v2/blobs/sha256")
        .resolve(hex.substring(0, 2))
        .resolve(hex)
        .resolve("data");
  }

  @Override
  public void close() throws Exception {
    stop();
  }

  private boolean answers() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static String hash(String password) {
    byte[] salt = new byte[16];
    new SecureRandom().nextBytes(salt);
    return OpenBSDBCrypt.generate("2y", password.toCharArray(), salt, 4);
  }
}
