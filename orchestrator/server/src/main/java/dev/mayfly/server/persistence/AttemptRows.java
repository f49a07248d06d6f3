package dev.mayfly.server.persistence;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.lease.Lease;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Rows of {@code attempt}. */
final class AttemptRows {

  /** In the order in which {@link #read} takes them. */
  static final String COLUMNS =
      """
      a.number, a.worker_id, a.state, a.lease_epoch, a.lease_expires_at, a.report_number,
      a.placed_at, a.prepared_at, a.booted_at, a.ready_at, a.executing_at, a.ended_at,
      a.destroyed_at, a.finished_at, a.outcome_kind, a.exit_code, a.fault_code, a.fault_detail,
      a.refused, a.vmm, a.guest_kernel, a.peak_memory_kib, a.log_chunks, a.log_stored, a.log_bytes,
      a.log_removed_at
      """;

  static final String INSERT =
      """
      insert into attempt (state, lease_epoch, lease_expires_at, report_number, placed_at,
        prepared_at, booted_at, ready_at, executing_at, ended_at, destroyed_at, finished_at,
        outcome_kind, exit_code, fault_code, fault_detail, refused, vmm, guest_kernel,
        peak_memory_kib, log_chunks, job_id, number, worker_id, log_stored, log_bytes)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)
      """;

  /** All but the log's size, which only the log store changes. */
  static final String UPDATE =
      """
      update attempt set state = ?, lease_epoch = ?, lease_expires_at = ?, report_number = ?,
        placed_at = ?, prepared_at = ?, booted_at = ?, ready_at = ?, executing_at = ?,
        ended_at = ?, destroyed_at = ?, finished_at = ?, outcome_kind = ?, exit_code = ?,
        fault_code = ?, fault_detail = ?, refused = ?, vmm = ?, guest_kernel = ?,
        peak_memory_kib = ?, log_chunks = ?
      where job_id = ? and number = ?
      """;

  private AttemptRows() {}

  static void bindInsert(Sql.Parameters parameters, Attempt attempt) throws SQLException {
    bindUpdate(parameters, attempt);
    parameters.add(attempt.worker().value());
  }

  static void bindUpdate(Sql.Parameters parameters, Attempt attempt) throws SQLException {
    AttemptState.@Nullable Finished finished =
        attempt.state() instanceof AttemptState.Finished end ? end : null;
    parameters
        .add(state(attempt.state()))
        .add(attempt.lease().epoch().value())
        .add(attempt.lease().expiresAt())
        .add(attempt.reportNumber())
        .add(attempt.placedAt())
        .add(attempt.phases().get(Phase.PREPARED))
        .add(attempt.phases().get(Phase.BOOTED))
        .add(attempt.phases().get(Phase.READY))
        .add(attempt.phases().get(Phase.EXECUTING))
        .add(attempt.phases().get(Phase.ENDED))
        .add(attempt.phases().get(Phase.DESTROYED))
        .add(finished == null ? null : finished.at());
    Outcomes.write(parameters, finished == null ? null : finished.outcome());
    parameters
        .add(finished != null && finished.refused())
        .add(attempt.vmm())
        .add(attempt.guestKernel())
        .add(attempt.peakMemoryKib())
        .addNullable(finished == null ? null : (Long) finished.logChunks())
        .add(attempt.id().job().value())
        .add(attempt.id().number());
  }

  private static String state(AttemptState state) {
    return switch (state) {
      case AttemptState.Placed _ -> "PLACED";
      case AttemptState.Preparing _ -> "PREPARING";
      case AttemptState.Running _ -> "RUNNING";
      case AttemptState.Finished _ -> "FINISHED";
    };
  }

  /** Reads {@link #COLUMNS} from the given one on; null when the join found no attempt. */
  static @Nullable Attempt read(JobId job, ResultSet row, int first) throws SQLException {
    int number = row.getInt(first);
    if (row.wasNull()) {
      return null;
    }
    return new Attempt(
        new AttemptId(job, number),
        new WorkerId(row.getObject(first + 1, UUID.class)),
        new Lease(new LeaseEpoch(row.getLong(first + 3)), Sql.instant(row, first + 4)),
        Sql.instant(row, first + 6),
        readState(row, first),
        row.getLong(first + 5),
        phases(row, first + 7),
        row.getString(first + 19),
        row.getString(first + 20),
        row.getLong(first + 21),
        new Attempt.StoredLog(
            row.getLong(first + 23), row.getLong(first + 24), Sql.instantOrNull(row, first + 25)));
  }

  private static AttemptState readState(ResultSet row, int first) throws SQLException {
    String state = row.getString(first + 2);
    return switch (state) {
      case "PLACED" -> new AttemptState.Placed();
      case "PREPARING" -> new AttemptState.Preparing();
      case "RUNNING" -> new AttemptState.Running();
      case "FINISHED" -> {
        Outcome outcome = Outcomes.read(row, first + 14);
        yield new AttemptState.Finished(
            outcome,
            Sql.instant(row, first + 13),
            row.getLong(first + 22),
            row.getBoolean(first + 18));
      }
      default -> throw new IllegalStateException("unknown state of an attempt: " + state);
    };
  }

  private static Map<Phase, Instant> phases(ResultSet row, int first) throws SQLException {
    Map<Phase, Instant> phases = new EnumMap<>(Phase.class);
    int column = first;
    for (Phase phase :
        new Phase[] {
          Phase.PREPARED, Phase.BOOTED, Phase.READY, Phase.EXECUTING, Phase.ENDED, Phase.DESTROYED
        }) {
      Instant at = Sql.instantOrNull(row, column++);
      if (at != null) {
        phases.put(phase, at);
      }
    }
    return phases;
  }
}
