package dev.mayfly.server;

import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.db.DatabaseAccess;
import dev.mayfly.db.TestDatabase;
import dev.mayfly.server.config.BlobSettings;
import dev.mayfly.server.config.OrchestratorSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A whole orchestrator on free ports and a fresh database, with leases short enough to wait for.
 */
public final class TestOrchestrator implements AutoCloseable {
  public static final LeasePolicy SHORT_LEASES =
      new LeasePolicy(Duration.ofSeconds(4), Duration.ofSeconds(1), Duration.ofSeconds(1));

  /** Started at first use and shared by all tests of a JVM: a start costs seconds. */
  private static final class Shared {
    static final TestOrchestrator INSTANCE = start();

    private static TestOrchestrator start() {
      TestOrchestrator started = TestOrchestrator.start(TestDatabase.freshDatabase(), "shared");
      Runtime.getRuntime().addShutdownHook(new Thread(started::close, "test orchestrator end"));
      return started;
    }
  }

  private final Path home;
  private final Orchestrator orchestrator;

  private TestOrchestrator(Path home, Orchestrator orchestrator) {
    this.home = home;
    this.orchestrator = orchestrator;
  }

  /** A registry of our own, so that a name that a test makes up is unknown elsewhere. */
  private static final List<String> FIRST_USE = List.of("recipes", "first.example/");

  /** The one that tests share, who then must not count on an empty database. */
  public static TestOrchestrator shared() {
    return Shared.INSTANCE;
  }

  /** One for a test that stops it; its scheduler's name sets it apart from others in this JVM. */
  public static TestOrchestrator start(DatabaseAccess database, String scheduler) {
    try {
      Path home = Files.createTempDirectory("mayfly-orchestrator");
      Path password = Files.writeString(home.resolve("password"), database.password() + "\n");
      OrchestratorSettings settings =
          new OrchestratorSettings(
              home,
              InetAddress.getLoopbackAddress(),
              0,
              InetAddress.getLoopbackAddress(),
              0,
              database.url(),
              database.user(),
              password,
              OrchestratorSettings.DEFAULT_MAX_QUEUED_JOBS,
              BlobSettings.in(home),
              FIRST_USE);
      return new TestOrchestrator(home, Orchestrator.start(settings, SHORT_LEASES, scheduler));
    } catch (IOException failed) {
      throw new IllegalStateException("no place for a state directory", failed);
    }
  }

  public URI uri(String path) {
    return URI.create("http://127.0.0.1:" + orchestrator.httpPort() + path);
  }

  public <T> T bean(Class<T> type) {
    return orchestrator.context().getBean(type);
  }

  public int grpcPort() {
    return orchestrator.grpcPort();
  }

  public Path home() {
    return home;
  }

  public String apiToken() {
    return token("api-token");
  }

  public String workerToken() {
    return token("worker-token");
  }

  private String token(String name) {
    try {
      return Files.readString(home.resolve("secrets").resolve(name)).strip();
    } catch (IOException failed) {
      throw new IllegalStateException("no token", failed);
    }
  }

  @Override
  public void close() {
    orchestrator.close();
    if (!Files.exists(home)) {
      return;
    }
    try (var files = Files.walk(home)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException failed) {
      throw new IllegalStateException("the state directory could not be removed", failed);
    }
  }
}
