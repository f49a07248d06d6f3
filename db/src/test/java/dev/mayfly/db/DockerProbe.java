package dev.mayfly.db;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Whether there is a Docker to ask. Testcontainers asks every place it knows, takes seconds and
 * prints stack traces where there is none; so it is only asked when one of its places answers.
 */
final class DockerProbe {
  private static final String CLASS = "org.testcontainers.DockerClientFactory";

  private DockerProbe() {}

  /** Why there is none, or empty. */
  static String trouble() {
    try {
      Class.forName(CLASS, false, DockerProbe.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      return "no Testcontainers on the class path";
    }
    if (!configured() && sockets().stream().noneMatch(DockerProbe::answers)) {
      return "no Docker";
    }
    return DockerPostgres.trouble();
  }

  /** Somebody says where Docker is; then Testcontainers has to find out. */
  private static boolean configured() {
    return System.getenv("DOCKER_HOST") != null
        || Files.exists(home().resolve(".testcontainers.properties"));
  }

  private static List<Path> sockets() {
    var sockets = new ArrayList<Path>();
    sockets.add(Path.of("/var/run/docker.sock"));
    sockets.add(home().resolve(".docker/run/docker.sock"));
    sockets.add(home().resolve(".docker/desktop/docker.sock"));
    var runtime = System.getenv("XDG_RUNTIME_DIR");
    if (runtime != null) {
      sockets.add(Path.of(runtime, "docker.sock"));
    }
    return sockets;
  }

  private static Path home() {
    return Path.of(System.getProperty("user.home"));
  }

  static boolean answers(Path socket) {
    if (!Files.exists(socket)) {
      return false;
    }
    try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      return false;
    }
  }
}
