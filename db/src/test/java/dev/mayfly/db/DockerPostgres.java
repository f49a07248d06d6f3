package dev.mayfly.db;

import com.github.dockerjava.api.exception.DockerClientException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;

/** PostgreSQL in a container, by Testcontainers. Loaded only where Testcontainers is. */
final class DockerPostgres {
  /** Says which image; one made locally does as well. */
  private static final String IMAGE_PROPERTY = "mayfly.it.postgres.image";

  /** 160 MiB over a slow line. */
  private static final Duration PULL_TIMEOUT = Duration.ofMinutes(5);

  private DockerPostgres() {}

  /**
   * Why Docker cannot give us PostgreSQL, or empty. Pulls the image where it is missing, once:
   * Testcontainers would try for two minutes where there is no registry.
   */
  static String trouble() {
    if (!DockerClientFactory.instance().isDockerAvailable()) {
      return "no Docker that Testcontainers can use";
    }
    var client = DockerClientFactory.lazyClient();
    try {
      client.inspectImageCmd(image()).exec();
      return "";
    } catch (NotFoundException missing) {
      try {
        boolean pulled =
            client
                .pullImageCmd(image())
                .start()
                .awaitCompletion(PULL_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        return pulled ? "" : "Docker did not pull " + image() + " within " + PULL_TIMEOUT;
      } catch (DockerException | DockerClientException e) {
        return "Docker has no image " + image() + " and cannot pull it";
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return "interrupted while Docker pulled " + image();
      }
    }
  }

  private static String image() {
    return System.getProperty(IMAGE_PROPERTY, "postgres:18");
  }

  // The container lives until the JVM ends, and TestServer stops it.
  @SuppressWarnings("resource")
  static TestServer start() {
    var container = new PostgreSQLContainer(image());
    container.start();
    var access =
        new DatabaseAccess(
            container.getJdbcUrl(), container.getUsername(), container.getPassword());
    return new TestServer("Testcontainers with " + image(), access, access, container::stop);
  }
}
