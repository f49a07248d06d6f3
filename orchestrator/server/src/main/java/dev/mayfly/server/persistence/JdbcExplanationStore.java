package dev.mayfly.server.persistence;

import dev.mayfly.core.placement.Explanation;
import dev.mayfly.core.placement.ExplanationStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Explanations in the table {@code explanation}. */
class JdbcExplanationStore implements ExplanationStore {

  /** Two orchestrators that replace all of them at once would deadlock. */
  private static final long EXPLANATION_LOCK = 0x6d61_7966_6c79_02L;

  private final Database database;

  JdbcExplanationStore(Database database) {
    this.database = database;
  }

  @Override
  public void replace(Map<String, Explanation> explanations) {
    database.transaction(connection -> {
      try (PreparedStatement lock =
          connection.prepareStatement("select pg_advisory_xact_lock(?)")) {
        lock.setLong(1, EXPLANATION_LOCK);
        lock.execute();
      }
      try (PreparedStatement delete =
          connection.prepareStatement("delete from explanation where demand <> all (?)")) {
        delete.setArray(1, Sql.texts(connection, explanations.keySet()));
        delete.executeUpdate();
      }
      return insert(connection, explanations);
    });
  }

  private static int insert(Connection connection, Map<String, Explanation> explanations)
      throws SQLException {
    try (PreparedStatement upsert =
        connection.prepareStatement(
            """
            insert into explanation (demand, at, impossible, rules, workers, counts, texts)
            values (?, ?, ?, ?, ?, ?, ?)
            on conflict (demand) do update set at = excluded.at,
              impossible = excluded.impossible, rules = excluded.rules,
              workers = excluded.workers, counts = excluded.counts, texts = excluded.texts
            """)) {
      Sql.Parameters parameters = new Sql.Parameters(connection, upsert);
      for (Map.Entry<String, Explanation> entry : explanations.entrySet()) {
        Explanation explanation = entry.getValue();
        List<Explanation.Reason> reasons = explanation.reasons();
        parameters
            .restart()
            .add(entry.getKey())
            .add(explanation.at())
            .add(explanation.impossible())
            .add(reasons.stream().map(reason -> reason.rule().name()).toList())
            .add(reasons.stream().map(reason -> reason.worker().orElse("")).toList());
        upsert.setArray(6, Sql.array(connection, "int4", reasons, Explanation.Reason::workers));
        upsert.setArray(
            7, Sql.texts(connection, reasons.stream().map(Explanation.Reason::text).toList()));
        upsert.addBatch();
      }
      upsert.executeBatch();
      return explanations.size();
    }
  }

  @Override
  public Map<String, Explanation> find(Collection<String> keys) {
    return database.statement(connection -> {
      Map<String, Explanation> found = new HashMap<>();
      try (PreparedStatement select =
          connection.prepareStatement(
              "select demand, at, impossible, rules, workers, counts, texts from explanation"
                  + " where demand = any (?)")) {
        select.setArray(1, Sql.texts(connection, keys));
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            found.put(
                rows.getString(1),
                new Explanation(Sql.instant(rows, 2), rows.getBoolean(3), reasons(rows)));
          }
        }
      }
      return found;
    });
  }

  private static List<Explanation.Reason> reasons(ResultSet row) throws SQLException {
    List<String> rules = Sql.texts(row, 4);
    List<String> workers = Sql.texts(row, 5);
    Integer[] counts = (Integer[]) row.getArray(6).getArray();
    List<String> texts = Sql.texts(row, 7);
    List<Explanation.Reason> reasons = new ArrayList<>();
    for (int i = 0; i < rules.size(); i++) {
      reasons.add(
          new Explanation.Reason(
              Explanation.Rule.valueOf(rules.get(i)),
              Optional.of(workers.get(i)).filter(name -> !name.isEmpty()),
              counts[i],
              texts.get(i)));
    }
    return reasons;
  }
}
