package dev.mayfly.server.blobs;

import static org.awaitility.Awaitility.await;

import dev.mayfly.server.config.BlobSettings;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** S3Proxy over files, as a process of its own on a loopback port; it checks signatures. */
final class S3Service implements AutoCloseable {
  private static final Path JAR = Path.of("target", "s3-service", "s3proxy.jar");
  private static final Duration START = Duration.ofSeconds(60);

  private final Process process;
  private final int port;

  private S3Service(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  static S3Service start(Path directory, BlobSettings.AccessKey key) throws IOException {
    int port = freePort();
    Path data = Files.createDirectories(directory.resolve("data"));
    Path settings =
        Files.writeString(
            directory.resolve("s3proxy.conf"),
            """
            s3proxy.authorization=aws-v2-or-v4
            s3proxy.endpoint=http://127.0.0.1:%d
            s3proxy.identity=%s
            s3proxy.credential=%s
            jclouds.provider=filesystem-nio2
            jclouds.filesystem.basedir=%s
            """
                .formatted(port, key.id(), key.secret(), data));
    File log = directory.resolve("s3proxy.log").toFile();
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-jar",
                JAR.toAbsolutePath().toString(),
                "--properties",
                settings.toString())
            .redirectErrorStream(true)
            .redirectOutput(log)
            .start();
    S3Service service = new S3Service(process, port);
    try {
      await().atMost(START).until(service::answers);
    } catch (RuntimeException never) {
      service.close();
      throw new IllegalStateException("S3Proxy did not start: " + Files.readString(log.toPath()));
    }
    return service;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private boolean answers() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException notYet) {
      return false;
    }
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + port);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException interrupted) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
