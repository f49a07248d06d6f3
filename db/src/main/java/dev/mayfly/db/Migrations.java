package dev.mayfly.db;

import java.util.Map;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.configuration.FluentConfiguration;

/** Brings the schema of a database to what this Mayfly needs. */
public final class Migrations {
  /** Where the migrations lie; also fit for {@code spring.flyway.locations}. */
  public static final String LOCATION = "classpath:dev/mayfly/db/migration";

  /** Flyway's record of what it did. */
  public static final String HISTORY_TABLE = "flyway_schema_history";

  /**
   * What was done.
   *
   * @param applied how many migrations this run applied
   * @param version of the schema now
   */
  public record Applied(int applied, String version) {}

  private Migrations() {}

  /**
   * Applies what is missing, each migration in one transaction. Idempotent; several orchestrators
   * may do so at once, and all but one wait. A schema newer than this Mayfly is left as it is:
   * while several orchestrators are upgraded one by one, the old ones work on.
   *
   * @throws DatabaseException when a migration fails or was changed after it was applied
   */
  public static Applied apply(DataSource source) {
    return apply(Flyway.configure().dataSource(source));
  }

  /** Likewise, with connections of its own. */
  public static Applied apply(DatabaseAccess access) {
    return apply(Flyway.configure().dataSource(access.url(), access.user(), access.password()));
  }

  private static Applied apply(FluentConfiguration configuration) {
    try {
      var result =
          configuration
              .locations(LOCATION)
              .table(HISTORY_TABLE)
              .validateMigrationNaming(true)
              // A lock of the session, not of a transaction: CREATE INDEX CONCURRENTLY needs that.
              .configuration(Map.of("flyway.postgresql.transactional.lock", "false"))
              .load()
              .migrate();
      var version =
          result.targetSchemaVersion == null
              ? result.initialSchemaVersion
              : result.targetSchemaVersion;
      return new Applied(result.migrationsExecuted, String.valueOf(version));
    } catch (FlywayException e) {
      throw new DatabaseException("The schema of the database could not be brought up to date.", e);
    }
  }
}
