package dev.mayfly.db;

import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;

/** PostgreSQL in a container, by Testcontainers. Loaded only where Testcontainers is. */
final class DockerPostgres {
  /** Says which image; one made locally does as well. */
  private static final String IMAGE_PROPERTY = "mayfly.it.postgres.image";

  private DockerPostgres() {}

  static boolean isDockerAvailable() {
    return DockerClientFactory.instance().isDockerAvailable();
  }

  // The container lives until the JVM ends, and TestServer stops it.
  @SuppressWarnings("resource")
  static TestServer start() {
    var image = System.getProperty(IMAGE_PROPERTY, "postgres:18");
    var container = new PostgreSQLContainer(image);
    container.start();
    var access =
        new DatabaseAccess(
            container.getJdbcUrl(), container.getUsername(), container.getPassword());
    return new TestServer("Testcontainers with " + image, access, access, container::stop);
  }
}
