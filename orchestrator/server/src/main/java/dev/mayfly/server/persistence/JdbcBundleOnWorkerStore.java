package dev.mayfly.server.persistence;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.image.BundleOnWorker;
import dev.mayfly.core.image.BundleOnWorker.State.Failed;
import dev.mayfly.core.image.BundleOnWorker.State.Pulling;
import dev.mayfly.core.image.BundleOnWorkerStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** What workers fetch or could not fetch, in the table {@code worker_bundle}. */
class JdbcBundleOnWorkerStore implements BundleOnWorkerStore {
  private final Database database;

  JdbcBundleOnWorkerStore(Database database) {
    this.database = database;
  }

  @Override
  public void replace(WorkerId worker, List<BundleOnWorker> states) {
    database.transaction(connection -> {
      // Its row is also the lock that keeps two connections of it apart.
      if (!lock(connection, worker)) {
        return 0;
      }
      try (PreparedStatement delete =
          connection.prepareStatement("delete from worker_bundle where worker_id = ?")) {
        delete.setObject(1, worker.value());
        delete.executeUpdate();
      }
      try (PreparedStatement insert =
          connection.prepareStatement(
              "insert into worker_bundle (worker_id, bundle_digest, state, bytes_done,"
                  + " bytes_total, reason, changed_at) values (?, ?, ?, ?, ?, ?, ?)")) {
        Sql.Parameters parameters = new Sql.Parameters(connection, insert);
        for (BundleOnWorker state : states) {
          parameters.restart().add(worker.value()).add(state.bundle().value());
          bind(parameters, state.state());
          parameters.add(state.since());
          insert.addBatch();
        }
        return states.isEmpty() ? 0 : insert.executeBatch().length;
      }
    });
  }

  private static boolean lock(Connection connection, WorkerId worker) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement("select 1 from worker where id = ? for no key update")) {
      select.setObject(1, worker.value());
      try (ResultSet row = select.executeQuery()) {
        return row.next();
      }
    }
  }

  private static void bind(Sql.Parameters parameters, BundleOnWorker.State state)
      throws SQLException {
    switch (state) {
      case Pulling(long done, long total) ->
          parameters.add("PULLING").add(done).add(total).add((String) null);
      case Failed(String reason) -> parameters.add("FAILED").add(0L).add(0L).add(reason);
    }
  }

  @Override
  public Map<WorkerId, List<BundleOnWorker>> find(Collection<BundleDigest> bundles) {
    if (bundles.isEmpty()) {
      return Map.of();
    }
    return database.statement(connection -> {
      Map<WorkerId, List<BundleOnWorker>> found = new HashMap<>();
      try (PreparedStatement select =
          connection.prepareStatement(
              """
              select b.worker_id, b.bundle_digest, b.state, b.bytes_done, b.bytes_total, b.reason,
                b.changed_at
              from worker_bundle b join worker w on w.id = b.worker_id
              where b.bundle_digest = any (?) and w.state <> 'LEFT'
              order by b.worker_id, b.bundle_digest
              """)) {
        new Sql.Parameters(connection, select)
            .add(bundles.stream().map(BundleDigest::value).distinct().toList());
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            WorkerId worker = new WorkerId(rows.getObject(1, UUID.class));
            found.computeIfAbsent(worker, _ -> new ArrayList<>()).add(read(rows));
          }
        }
      }
      return found;
    });
  }

  private static BundleOnWorker read(ResultSet row) throws SQLException {
    return new BundleOnWorker(
        new BundleDigest(row.getString(2)),
        row.getString(3).equals("PULLING")
            ? new Pulling(row.getLong(4), row.getLong(5))
            : new Failed(row.getString(6)),
        Sql.instant(row, 7));
  }
}
