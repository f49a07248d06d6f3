package dev.mayfly.server.persistence;

import dev.mayfly.api.ProjectName;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.core.quota.PoolStrategy;
import dev.mayfly.core.quota.Project;
import dev.mayfly.core.quota.QuotaStore;
import dev.mayfly.core.quota.Quotas;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Quotas in the tables {@code project}, {@code worker_pool} and {@code fleet}. */
class JdbcQuotaStore implements QuotaStore {
  private final Database database;

  JdbcQuotaStore(Database database) {
    this.database = database;
  }

  @Override
  public Quotas quotas() {
    return database.statement(connection -> {
      Map<ProjectName, Project> projects = new HashMap<>();
      Map<WorkerPoolName, PoolStrategy> pools = new HashMap<>();
      OptionalInt cap = OptionalInt.empty();
      // One statement, so that all is of one instant.
      try (PreparedStatement select =
              connection.prepareStatement(
                  """
                  select 'fleet', '', 0, max_active from fleet
                  union all select 'project', name, weight, max_active from project
                  union all select strategy, name, 0, null from worker_pool
                  """);
          ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          String name = rows.getString(2);
          switch (rows.getString(1)) {
            case "fleet" -> cap = optional(rows);
            case "project" -> {
              ProjectName project = new ProjectName(name);
              projects.put(project, new Project(project, rows.getInt(3), optional(rows)));
            }
            case String strategy ->
                pools.put(new WorkerPoolName(name), PoolStrategy.valueOf(strategy));
          }
        }
      }
      return new Quotas(cap, projects, pools);
    });
  }

  private static OptionalInt optional(ResultSet row) throws SQLException {
    Integer value = row.getObject(4, Integer.class);
    return value == null ? OptionalInt.empty() : OptionalInt.of(value);
  }

  private static @Nullable Integer nullable(OptionalInt value) {
    return value.isPresent() ? (Integer) value.getAsInt() : null;
  }

  @Override
  public void put(Project project) {
    database.statement(connection -> {
      try (PreparedStatement upsert =
          connection.prepareStatement(
              """
              insert into project (name, weight, max_active) values (?, ?, ?)
              on conflict (name) do update
                set weight = excluded.weight, max_active = excluded.max_active
              """)) {
        new Sql.Parameters(connection, upsert)
            .add(project.name().value())
            .add(project.weight())
            .addNullable(nullable(project.maxActive()));
        return upsert.executeUpdate();
      }
    });
  }

  @Override
  public void putMaxActive(OptionalInt maxActive) {
    database.statement(connection -> {
      try (PreparedStatement upsert =
          connection.prepareStatement(
              "insert into fleet (max_active) values (?)"
                  + " on conflict (only_row) do update set max_active = excluded.max_active")) {
        new Sql.Parameters(connection, upsert).addNullable(nullable(maxActive));
        return upsert.executeUpdate();
      }
    });
  }

  @Override
  public void put(WorkerPoolName pool, PoolStrategy strategy) {
    database.statement(connection -> {
      try (PreparedStatement upsert =
          connection.prepareStatement(
              "insert into worker_pool (name, strategy) values (?, ?)"
                  + " on conflict (name) do update set strategy = excluded.strategy")) {
        new Sql.Parameters(connection, upsert).add(pool.value()).add(strategy.name());
        return upsert.executeUpdate();
      }
    });
  }
}
