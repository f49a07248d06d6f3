package dev.mayfly.db;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Which database Mayfly works on: the one it brings, or one that is there. */
public sealed interface DatabaseConfig {
  /** The value of {@code mayfly.database.url} that asks for the embedded PostgreSQL. */
  String EMBEDDED = "embedded";

  /** The PostgreSQL that Mayfly starts itself. */
  record Embedded(EmbeddedPostgresConfig config) implements DatabaseConfig {}

  /**
   * A PostgreSQL that somebody else runs.
   *
   * @param url a {@code jdbc:postgresql:} URL; the driver's parameters (TLS and the like) pass
   *     through
   * @param user the role; null where the URL names it
   * @param passwordFile the file that holds the password in its first line; null where the URL
   *     holds one or the server asks for none
   */
  record External(String url, @Nullable String user, @Nullable Path passwordFile)
      implements DatabaseConfig {}

  /**
   * Reads the settings {@code mayfly.database.*}.
   *
   * @param url {@code embedded}, or a {@code jdbc:postgresql:} URL
   * @param mayflyHome the state directory; the embedded PostgreSQL lives in {@code postgres} there
   * @throws DatabaseException when the settings do not fit together
   */
  static DatabaseConfig of(
      String url, @Nullable String user, @Nullable Path passwordFile, Path mayflyHome) {
    if (url.equals(EMBEDDED)) {
      if (user != null || passwordFile != null) {
        throw new DatabaseException(
            "mayfly.database.user and mayfly.database.password-file are for an external PostgreSQL,"
                + " but mayfly.database.url is 'embedded'.");
      }
      return new Embedded(EmbeddedPostgresConfig.in(mayflyHome.resolve("postgres")));
    }
    if (!url.startsWith("jdbc:postgresql:")) {
      throw new DatabaseException(
          "mayfly.database.url must be 'embedded' or begin with 'jdbc:postgresql:'.");
    }
    return new External(url, user, passwordFile);
  }
}
