package dev.mayfly.server.persistence;

import dev.mayfly.api.Blame;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.fleet.WorkerStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Workers in the table {@code worker}. */
class JdbcWorkerStore implements WorkerStore, WorkerConnections {

  /** Faults that say something about the worker itself. */
  private static final List<String> ITS_FAULTS =
      Arrays.stream(FaultCode.values())
          .filter(code -> code.blame() == Blame.PLATFORM)
          .filter(code -> code != FaultCode.WORKER_LOST && code != FaultCode.WORKER_LEAVING)
          .map(FaultCode::name)
          .toList();

  /** A worker as it was read when its row had the revision. */
  private record Known(long revision, Worker worker) {}

  /** That a worker was heard of; no bundles: unchanged. */
  private record Heard(WorkerId worker, Instant at, Set<BundleDigest> bundles) {}

  private final Database database;
  private final GroupCommit<Heard, Boolean> heartbeats;

  /**
   * So that a view of a thousand workers does not take in a thousand lists of bundles each time.
   */
  private final Map<WorkerId, Known> known = new ConcurrentHashMap<>();

  JdbcWorkerStore(Database database) {
    this.database = database;
    this.heartbeats = new GroupCommit<>(1, this::heard);
  }

  @Override
  public void register(Worker worker) {
    register(worker, WorkerRows.REGISTER);
  }

  @Override
  public long connect(Worker worker) {
    return register(
        worker, WorkerRows.REGISTER + ", connection = worker.connection + 1 returning connection");
  }

  private long register(Worker worker, String sql) {
    return database.statement(connection -> {
      try (PreparedStatement upsert = connection.prepareStatement(sql)) {
        WorkerRows.bindRegister(new Sql.Parameters(connection, upsert), worker);
        if (!upsert.execute()) {
          return 0L;
        }
        try (ResultSet row = upsert.getResultSet()) {
          row.next();
          return row.getLong(1);
        }
      }
    });
  }

  @Override
  public boolean disconnect(WorkerId worker, long connection, WorkerState state) {
    return update(
            "update worker set state = case when state = 'LEFT' or (state = 'LOST' and ? <> 'LEFT')"
                + " then state else ? end where id = ? and connection = ?",
            parameters ->
                parameters.add(state.name()).add(state.name()).add(worker.value()).add(connection))
        > 0;
  }

  @Override
  public Set<WorkerId> current(Map<WorkerId, Long> connections) {
    List<Map.Entry<WorkerId, Long>> all = List.copyOf(connections.entrySet());
    return database.statement(connection -> {
      Set<WorkerId> current = new HashSet<>();
      try (PreparedStatement select =
          connection.prepareStatement(
              """
              select worker.id from unnest(?::uuid[], ?::bigint[]) as asked (id, connection)
              join worker on worker.id = asked.id and worker.connection = asked.connection
              """)) {
        select.setArray(1, Sql.array(connection, "uuid", all, entry -> entry.getKey().value()));
        select.setArray(2, Sql.array(connection, "int8", all, Map.Entry::getValue));
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            current.add(new WorkerId(rows.getObject(1, UUID.class)));
          }
        }
      }
      return current;
    });
  }

  @Override
  public boolean heartbeat(WorkerId worker, Instant at, Set<BundleDigest> bundles) {
    return heartbeats.call(new Heard(worker, at, bundles));
  }

  private List<Boolean> heard(List<Heard> all) {
    Set<WorkerId> found =
        database.transaction(connection -> {
          Set<WorkerId> seen = seen(connection, all);
          for (Heard heard : all) {
            if (!heard.bundles().isEmpty()) {
              setBundles(connection, heard);
            }
          }
          return seen;
        });
    return all.stream().map(heard -> found.contains(heard.worker())).toList();
  }

  private static Set<WorkerId> seen(Connection connection, List<Heard> all) throws SQLException {
    Set<WorkerId> seen = new HashSet<>();
    try (PreparedStatement update =
        connection.prepareStatement(
            """
            with asked as (
              select id, max(at) as at from unnest(?::uuid[], ?::timestamptz[]) as a (id, at)
              group by id),
            held as (
              select worker.id, asked.at from worker join asked on asked.id = worker.id
              order by worker.id for no key update of worker)
            update worker set state = case state when 'LEFT' then state else 'ONLINE' end,
              last_seen_at = greatest(last_seen_at, held.at)
            from held where worker.id = held.id returning worker.id
            """)) {
      update.setArray(1, Sql.array(connection, "uuid", all, heard -> heard.worker().value()));
      update.setArray(
          2, Sql.array(connection, "timestamptz", all, heard -> Sql.timestamp(heard.at())));
      try (ResultSet rows = update.executeQuery()) {
        while (rows.next()) {
          seen.add(new WorkerId(rows.getObject(1, UUID.class)));
        }
      }
    }
    return seen;
  }

  private static void setBundles(Connection connection, Heard heard) throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            "update worker set bundles = ?, revision = revision + 1 where id = ?")) {
      new Sql.Parameters(connection, update)
          .add(WorkerRows.texts(heard.bundles()))
          .add(heard.worker().value());
      update.executeUpdate();
    }
  }

  /** Binds the parameters of a statement. */
  private interface Binding {
    void bind(Sql.Parameters parameters) throws SQLException;
  }

  private int update(String sql, Binding binding) {
    return database.statement(connection -> {
      try (PreparedStatement update = connection.prepareStatement(sql)) {
        binding.bind(new Sql.Parameters(connection, update));
        return update.executeUpdate();
      }
    });
  }

  @Override
  public void mark(WorkerId worker, WorkerState state) {
    update(
        "update worker set state = ? where id = ?",
        parameters -> parameters.add(state.name()).add(worker.value()));
  }

  @Override
  public int markSilent(Instant lastSeenBefore) {
    return update(
        "update worker set state = 'SILENT' where state in ('JOINING', 'ONLINE')"
            + " and last_seen_at < ?",
        parameters -> parameters.add(lastSeenBefore));
  }

  @Override
  public int markLost(Instant lastSeenBefore) {
    return update(
        "update worker set state = 'LOST' where state = 'SILENT' and last_seen_at < ?",
        parameters -> parameters.add(lastSeenBefore));
  }

  @Override
  public boolean setDuty(WorkerId worker, Duty duty) {
    // Resumed: what ended up to now is forgiven, by the clock that those ends were taken from.
    String forgive =
        duty instanceof Duty.Accepting
            ? """
            , forgiven_until = (select max(finished_at) from attempt
              where worker_id = worker.id and finished_at is not null)
            """
            : "";
    return update(
            "update worker set duty = ?, duty_reason = ?, duty_since = ?, revision = revision + 1"
                + forgive
                + " where id = ?",
            parameters -> {
              WorkerRows.bindDuty(parameters, duty);
              parameters.add(worker.value());
            })
        > 0;
  }

  @Override
  public Map<WorkerId, Integer> faultStreaks(Instant since, int least) {
    return database.statement(connection -> {
      Map<WorkerId, Integer> streaks = new HashMap<>();
      try (PreparedStatement select =
          connection.prepareStatement(
              """
              select w.id, streak.length from (
                select worker_id from attempt
                where outcome_kind = 'FAULTED' and finished_at > ? and fault_code = any (?)
                group by worker_id having count(*) >= ?) suspect
              join worker w on w.id = suspect.worker_id and w.duty = 'ACCEPTING'
              cross join lateral (
                select max(finished_at) as at from (
                  select finished_at from attempt
                  where worker_id = w.id and finished_at is not null
                    and (outcome_kind <> 'FAULTED' or fault_code <> all (?))
                  order by finished_at desc limit 1) other) good
              cross join lateral (
                select count(*) as length from attempt
                where worker_id = w.id and finished_at is not null
                  and finished_at > greatest(?, w.forgiven_until, good.at)) streak
              where streak.length >= ?
              """)) {
        new Sql.Parameters(connection, select)
            .add(since)
            .add(ITS_FAULTS)
            .add(least)
            .add(ITS_FAULTS)
            .add(since)
            .add(least);
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            streaks.put(new WorkerId(rows.getObject(1, UUID.class)), rows.getInt(2));
          }
        }
      }
      return streaks;
    });
  }

  @Override
  public Optional<Worker> find(WorkerId worker) {
    return one("where w.id = ?", parameters -> parameters.add(worker.value()));
  }

  @Override
  public Optional<Worker> findByNameOrId(String nameOrId) {
    return one(
        "where w.name = ? or w.id::text = ? order by w.last_seen_at desc, w.id limit 1",
        parameters -> parameters.add(nameOrId).add(nameOrId));
  }

  private Optional<Worker> one(String condition, Binding binding) {
    return database.statement(connection -> {
      try (PreparedStatement select =
          connection.prepareStatement(
              "select " + WorkerRows.COLUMNS + " from worker w " + condition)) {
        binding.bind(new Sql.Parameters(connection, select));
        try (ResultSet row = select.executeQuery()) {
          return row.next() ? Optional.of(WorkerRows.read(row)) : Optional.empty();
        }
      }
    });
  }

  /** What of a worker changes often, and what its active jobs use. */
  private record Current(
      WorkerId id, long revision, WorkerState state, Instant lastSeenAt, Capacity used) {}

  @Override
  public FleetView fleet() {
    return database.statement(connection -> {
      List<Current> all = current(connection);
      takeIn(connection, all.stream().filter(this::unknown).map(Current::id).toList());
      return new FleetView(
          all.stream()
              .map(this::member)
              .filter(Objects::nonNull)
              .sorted(
                  Comparator.comparing((FleetView.Member member) -> member.worker().name())
                      .thenComparing(member -> member.worker().id().value()))
              .toList());
    });
  }

  private boolean unknown(Current worker) {
    Known found = known.get(worker.id());
    return found == null || found.revision() != worker.revision();
  }

  private FleetView.@Nullable Member member(Current worker) {
    Known found = known.get(worker.id());
    return found == null
        ? null
        : new FleetView.Member(
            found.worker().withState(worker.state(), worker.lastSeenAt()), worker.used());
  }

  private static List<Current> current(Connection connection) throws SQLException {
    List<Current> all = new ArrayList<>();
    try (PreparedStatement select =
            connection.prepareStatement(
                """
                select w.id, w.revision, w.state, w.last_seen_at, u.cpus, u.memory_mib,
                  u.scratch_mib
                from worker w left join (
                  select worker_id, sum(cpus) as cpus, sum(memory_mib) as memory_mib,
                    sum(scratch_mib) as scratch_mib
                  from job where state = 'ACTIVE' group by worker_id) u on u.worker_id = w.id
                """);
        ResultSet rows = select.executeQuery()) {
      while (rows.next()) {
        all.add(
            new Current(
                new WorkerId(rows.getObject(1, UUID.class)),
                rows.getLong(2),
                WorkerState.valueOf(rows.getString(3)),
                Sql.instant(rows, 4),
                new Capacity(
                    Math.toIntExact(rows.getLong(5)),
                    Math.toIntExact(rows.getLong(6)),
                    Math.toIntExact(rows.getLong(7)))));
      }
    }
    return all;
  }

  private void takeIn(Connection connection, List<WorkerId> ids) throws SQLException {
    if (ids.isEmpty()) {
      return;
    }
    try (PreparedStatement select =
        connection.prepareStatement(
            "select " + WorkerRows.COLUMNS + " from worker w where w.id = any (?)")) {
      select.setArray(1, Sql.array(connection, "uuid", ids, WorkerId::value));
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          Worker worker = WorkerRows.read(rows);
          known.put(worker.id(), new Known(rows.getLong(WorkerRows.REVISION), worker));
        }
      }
    }
  }
}
