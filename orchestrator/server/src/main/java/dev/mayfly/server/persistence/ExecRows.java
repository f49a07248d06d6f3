package dev.mayfly.server.persistence;

import dev.mayfly.api.JobId;
import dev.mayfly.api.Outcome;
import dev.mayfly.core.exec.Exec;
import dev.mayfly.core.exec.ExecInput;
import dev.mayfly.core.exec.ExecSpec;
import dev.mayfly.core.exec.ExecState;
import dev.mayfly.core.job.IdempotencyKey;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Rows of {@code exec}. */
final class ExecRows {

  /** In the order in which {@link #read} takes them. */
  static final String COLUMNS =
      """
      e.job_id, e.number, e.attempt, e.kind, e.command, e.environment_names, e.environment_values,
      e.secret_names, e.working_directory, e.user_name, e.path, e.limit_bytes, e.timeout_seconds,
      e.state, e.opened_at, e.started_at, e.ended_at, e.outcome_kind, e.exit_code, e.fault_code,
      e.fault_detail, e.log_from, e.log_chunks, e.input_open, e.input_stored, e.input_ended,
      e.input_acknowledged, e.input_limit, e.signals
      """;

  /** How many columns {@link #COLUMNS} are. */
  static final int COUNT = 29;

  static final String INSERT =
      """
      insert into exec (job_id, number, attempt, kind, command, environment_names,
        environment_values, secret_names, working_directory, user_name, path, limit_bytes,
        timeout_seconds, state, opened_at, log_from, input_open, input_stored, input_ended,
        input_acknowledged, input_limit, signals, idempotency_key, request_fingerprint)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'PENDING', ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
      """;

  private static final String ERASED =
      "environment_names = '{}', environment_values = '{}', secret_names = '{}'";

  static final String START =
      "update exec set state = 'STARTED', started_at = ? where job_id = ? and number = ?";

  static final String END =
      "update exec set state = 'ENDED', ended_at = ?, log_chunks = ?, outcome_kind = ?,"
          + " exit_code = ?, fault_code = ?, fault_detail = ?, "
          + ERASED
          + " where job_id = ? and number = ?";

  private ExecRows() {}

  static void bindInsert(Sql.Parameters parameters, Exec exec, @Nullable IdempotencyKey key)
      throws SQLException {
    parameters.add(exec.job().value()).add(exec.number()).add(exec.attempt());
    bindSpec(parameters, exec.spec());
    parameters
        .add(exec.openedAt())
        .add(exec.logFrom())
        .add(exec.spec().takesInput())
        .add(exec.input().stored())
        .add(exec.input().ended())
        .add(exec.input().acknowledged())
        .add(exec.input().limit())
        .add(key == null ? null : key.value())
        .add(key == null ? null : key.fingerprint());
  }

  private static void bindSpec(Sql.Parameters parameters, ExecSpec spec) throws SQLException {
    switch (spec) {
      case ExecSpec.Command command -> {
        Duration timeout = command.timeout();
        parameters
            .add("COMMAND")
            .add(command.command())
            .add(command.environment().keySet())
            .add(command.environment().values())
            .add(command.secrets())
            .add(command.workingDirectory())
            .add(command.user())
            .add((String) null)
            .addNullable((Long) null)
            .addNullable(timeout == null ? null : Math.toIntExact(timeout.toSeconds()));
      }
      case ExecSpec.Upload(String path, long limit, Duration timeout) ->
          bindTransfer(parameters, "UPLOAD", path, limit, timeout);
      case ExecSpec.Download(String path, long limit, Duration timeout) ->
          bindTransfer(parameters, "DOWNLOAD", path, limit, timeout);
    }
  }

  private static void bindTransfer(
      Sql.Parameters parameters, String kind, String path, long limit, Duration timeout)
      throws SQLException {
    parameters
        .add(kind)
        .add(List.of())
        .add(List.of())
        .add(List.of())
        .add(List.of())
        .add("")
        .add("")
        .add(path)
        .add(limit)
        .addNullable(Math.toIntExact(timeout.toSeconds()));
  }

  static Exec read(ResultSet row) throws SQLException {
    return new Exec(
        new JobId(row.getObject(1, UUID.class)),
        row.getInt(2),
        row.getInt(3),
        spec(row),
        Sql.instant(row, 15),
        state(row),
        new ExecInput(row.getLong(25), row.getBoolean(26), row.getLong(27), row.getLong(28)),
        row.getInt(29),
        row.getLong(22));
  }

  private static ExecSpec spec(ResultSet row) throws SQLException {
    Integer seconds = row.getObject(13, Integer.class);
    String kind = row.getString(4);
    if (kind.equals("COMMAND")) {
      List<String> names = Sql.texts(row, 6);
      List<String> values = Sql.texts(row, 7);
      SortedMap<String, String> environment = new TreeMap<>();
      for (int i = 0; i < names.size(); i++) {
        environment.put(names.get(i), values.get(i));
      }
      return new ExecSpec.Command(
          Sql.texts(row, 5),
          environment,
          new TreeSet<>(Set.copyOf(Sql.texts(row, 8))),
          row.getString(9),
          row.getString(10),
          row.getBoolean(24),
          seconds == null ? null : Duration.ofSeconds(seconds));
    }
    Duration timeout = Duration.ofSeconds(seconds == null ? 0 : seconds);
    return kind.equals("UPLOAD")
        ? new ExecSpec.Upload(row.getString(11), row.getLong(12), timeout)
        : new ExecSpec.Download(row.getString(11), row.getLong(12), timeout);
  }

  private static ExecState state(ResultSet row) throws SQLException {
    return switch (row.getString(14)) {
      case "PENDING" -> new ExecState.Pending();
      case "STARTED" -> new ExecState.Started(Sql.instant(row, 16));
      default -> {
        Outcome outcome = Outcomes.read(row, 18);
        Instant at = Sql.instant(row, 17);
        yield new ExecState.Ended(outcome, row.getLong(23), at);
      }
    };
  }
}
