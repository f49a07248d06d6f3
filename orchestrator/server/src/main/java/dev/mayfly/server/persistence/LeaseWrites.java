package dev.mayfly.server.persistence;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.job.JobStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** Leases of attempts, and of sessions. */
class LeaseWrites {

  /** One worker's claims. */
  record Claims(
      WorkerId worker, Collection<JobStore.Claim> claims, Instant now, Instant expiresAt) {}

  /** One claim with whose it is, as the database is asked about it. */
  private record Asked(JobStore.Claim claim, WorkerId worker, Instant now, Instant expiresAt) {}

  private static final String ASKED =
      """
      with asked as (select * from unnest(?::uuid[], ?::int[], ?::bigint[], ?::uuid[],
          ?::timestamptz[], ?::timestamptz[]) as a (job_id, number, epoch, worker, now, until))
      """;

  private static final String RENEW =
      ASKED
          + """
          , held as (
            select attempt.job_id, attempt.number, asked.until from attempt join asked
            on attempt.job_id = asked.job_id and attempt.number = asked.number
            where attempt.lease_epoch = asked.epoch and attempt.worker_id = asked.worker
              and attempt.finished_at is null and attempt.lease_expires_at > asked.now
            order by attempt.job_id, attempt.number for no key update of attempt)
          update attempt set lease_expires_at = greatest(attempt.lease_expires_at, held.until)
          from held where attempt.job_id = held.job_id and attempt.number = held.number
          returning attempt.job_id, attempt.number, attempt.lease_epoch, attempt.worker_id
          """;

  private static final String LOG_WANTED =
      ASKED
          + """
          select attempt.job_id, attempt.number, attempt.lease_epoch, attempt.worker_id
          from attempt join asked
          on attempt.job_id = asked.job_id and attempt.number = asked.number
          where attempt.lease_epoch = asked.epoch and attempt.worker_id = asked.worker
            and attempt.finished_at is not null and attempt.log_stored < attempt.log_chunks
          """;

  /** A claim and whose it is. */
  private record Held(JobStore.Claim claim, WorkerId worker) {}

  private final Database database;

  LeaseWrites(Database database) {
    this.database = database;
  }

  /** Renews the leases of several workers in one transaction. */
  List<JobStore.Renewal> renew(List<Claims> all) {
    List<Asked> asked = new ArrayList<>();
    for (Claims one : all) {
      for (JobStore.Claim claim : one.claims()) {
        asked.add(new Asked(claim, one.worker(), one.now(), one.expiresAt()));
      }
    }
    if (asked.isEmpty()) {
      return all.stream().map(_ -> new JobStore.Renewal(Set.of(), Set.of())).toList();
    }
    Set<Held> renewed = new HashSet<>();
    Set<Held> wanted = new HashSet<>();
    database.transaction(connection -> {
      renewed.addAll(ask(connection, RENEW, asked));
      List<Asked> others =
          asked.stream()
              .filter(one -> !renewed.contains(new Held(one.claim(), one.worker())))
              .toList();
      if (!others.isEmpty()) {
        wanted.addAll(ask(connection, LOG_WANTED, others));
      }
      return renewed;
    });
    return all.stream().map(one -> renewal(one, renewed, wanted)).toList();
  }

  private static JobStore.Renewal renewal(Claims one, Set<Held> renewed, Set<Held> wanted) {
    Set<JobStore.Claim> now = new HashSet<>();
    Set<JobStore.Claim> voided = new HashSet<>();
    for (JobStore.Claim claim : one.claims()) {
      Held held = new Held(claim, one.worker());
      if (renewed.contains(held)) {
        now.add(claim);
      } else if (!wanted.contains(held)) {
        voided.add(claim);
      }
    }
    return new JobStore.Renewal(now, voided);
  }

  private static Set<Held> ask(Connection connection, String sql, List<Asked> asked)
      throws SQLException {
    Set<Held> held = new HashSet<>();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setArray(
          1, Sql.array(connection, "uuid", asked, a -> a.claim().attempt().job().value()));
      statement.setArray(
          2, Sql.array(connection, "int4", asked, a -> a.claim().attempt().number()));
      statement.setArray(3, Sql.array(connection, "int8", asked, a -> a.claim().epoch().value()));
      statement.setArray(4, Sql.array(connection, "uuid", asked, a -> a.worker().value()));
      statement.setArray(
          5, Sql.array(connection, "timestamptz", asked, a -> Sql.timestamp(a.now())));
      statement.setArray(
          6, Sql.array(connection, "timestamptz", asked, a -> Sql.timestamp(a.expiresAt())));
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          JobId job = new JobId(rows.getObject(1, UUID.class));
          held.add(
              new Held(
                  new JobStore.Claim(
                      new AttemptId(job, rows.getInt(2)), new LeaseEpoch(rows.getLong(3))),
                  new WorkerId(rows.getObject(4, UUID.class))));
        }
      }
    }
    return held;
  }

  void shorten(JobStore.Claim claim, Instant expiresAt) {
    database.statement(connection -> {
      try (PreparedStatement update =
          connection.prepareStatement(
              "update attempt set lease_expires_at = ? where job_id = ? and number = ?"
                  + " and lease_epoch = ? and finished_at is null and lease_expires_at > ?")) {
        new Sql.Parameters(connection, update)
            .add(expiresAt)
            .add(claim.attempt().job().value())
            .add(claim.attempt().number())
            .add(claim.epoch().value())
            .add(expiresAt);
        return update.executeUpdate();
      }
    });
  }

  boolean renewSession(JobId job, Instant until) {
    return database.statement(connection -> {
      try (PreparedStatement update =
          connection.prepareStatement(
              "update job set session_until = greatest(session_until, ?)"
                  + " where id = ? and session_until is not null and state <> 'FINISHED'")) {
        new Sql.Parameters(connection, update).add(until).add(job.value());
        return update.executeUpdate() > 0;
      }
    });
  }
}
