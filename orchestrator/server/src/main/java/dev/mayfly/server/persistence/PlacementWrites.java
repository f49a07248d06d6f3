package dev.mayfly.server.persistence;

import dev.mayfly.api.JobId;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Commits placements: many in one transaction, and no two such transactions at once on a database,
 * so that what is counted in one cannot have changed when it commits. Room and caps can only become
 * larger beside it.
 */
class PlacementWrites {

  /** Of pg_try_advisory_xact_lock; any number, the same in all versions. */
  private static final long PLACEMENT_LOCK = 0x6d61_7966_6c79_01L;

  private final Database database;
  private final PlacementNews news;

  PlacementWrites(Database database, PlacementNews news) {
    this.database = database;
    this.news = news;
  }

  Set<JobId> commit(List<JobStore.Placement> placements) {
    if (placements.isEmpty()) {
      return Set.of();
    }
    List<JobWrites.Change> changes =
        placements.stream()
            .map(placement -> new JobWrites.Change(placement.before(), placement.after()))
            .toList();
    List<Job> committed =
        database.transaction(connection -> {
          if (!lock(connection)) {
            news.busy();
            return List.of();
          }
          List<JobWrites.Change> good =
              fitting(connection, JobWrites.unchanged(connection, changes));
          JobWrites.write(connection, good);
          return good.stream().map(JobWrites.Change::after).toList();
        });
    if (!committed.isEmpty()) {
      news.placed(committed);
    }
    return committed.stream().map(Job::id).collect(Collectors.toSet());
  }

  private static boolean lock(Connection connection) throws SQLException {
    try (PreparedStatement lock =
        connection.prepareStatement("select pg_try_advisory_xact_lock(?)")) {
      lock.setLong(1, PLACEMENT_LOCK);
      try (ResultSet row = lock.executeQuery()) {
        row.next();
        return row.getBoolean(1);
      }
    }
  }

  private static List<JobWrites.Change> fitting(
      Connection connection, List<JobWrites.Change> changes) throws SQLException {
    Map<WorkerId, Capacity> free = free(connection, changes);
    Room room = room(connection);
    List<JobWrites.Change> good = new ArrayList<>();
    for (JobWrites.Change change : changes) {
      WorkerId worker = change.after().currentAttempt().worker();
      Shape shape = change.after().spec().shape();
      Capacity left = free.getOrDefault(worker, Capacity.NONE);
      if (left.holds(shape) && room.take(change.after().spec().demand().project())) {
        free.put(worker, left.minus(Capacity.NONE.plus(shape)));
        good.add(change);
      }
    }
    return good;
  }

  /** What is free on those of the workers that take work. */
  private static Map<WorkerId, Capacity> free(Connection connection, List<JobWrites.Change> changes)
      throws SQLException {
    List<UUID> workers =
        changes.stream()
            .map(change -> change.after().currentAttempt().worker().value())
            .distinct()
            .toList();
    Map<WorkerId, Capacity> free = new HashMap<>();
    try (PreparedStatement select =
        connection.prepareStatement(
            """
            select w.id, w.cpus - used.cpus, w.memory_mib - used.memory_mib,
              w.scratch_mib - used.scratch_mib
            from unnest(?::uuid[]) as asked (id) join worker w on w.id = asked.id
            cross join lateral (
              select coalesce(sum(cpus), 0) as cpus, coalesce(sum(memory_mib), 0) as memory_mib,
                coalesce(sum(scratch_mib), 0) as scratch_mib
              from job where state = 'ACTIVE' and worker_id = w.id) used
            where w.duty = 'ACCEPTING' and w.state = 'ONLINE'
            """)) {
      select.setArray(1, Sql.array(connection, "uuid", workers, worker -> worker));
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          free.put(
              new WorkerId(rows.getObject(1, UUID.class)),
              new Capacity(
                  Math.max(0, Math.toIntExact(rows.getLong(2))),
                  Math.max(0, Math.toIntExact(rows.getLong(3))),
                  Math.max(0, Math.toIntExact(rows.getLong(4)))));
        }
      }
    }
    return free;
  }

  /** How many more jobs may be placed. */
  private static final class Room {
    private int all;
    private final Map<ProjectName, Integer> projects = new HashMap<>();

    private Room(int all) {
      this.all = all;
    }

    private boolean take(ProjectName project) {
      int left = projects.getOrDefault(project, Integer.MAX_VALUE);
      if (all <= 0 || left <= 0) {
        return false;
      }
      all--;
      projects.put(project, left - 1);
      return true;
    }
  }

  /** Counts only what has a cap. */
  private static Room room(Connection connection) throws SQLException {
    List<String> capped = new ArrayList<>();
    Room room = new Room(Integer.MAX_VALUE);
    OptionalInt fleet = OptionalInt.empty();
    try (PreparedStatement select =
            connection.prepareStatement(
                """
                select null, max_active from fleet where max_active is not null
                union all
                select name, max_active from project where max_active is not null
                """);
        ResultSet rows = select.executeQuery()) {
      while (rows.next()) {
        String project = rows.getString(1);
        if (project == null) {
          fleet = OptionalInt.of(rows.getInt(2));
        } else {
          capped.add(project);
          room.projects.put(new ProjectName(project), rows.getInt(2));
        }
      }
    }
    if (fleet.isPresent()) {
      room.all = fleet.getAsInt() - countAll(connection);
    }
    if (!capped.isEmpty()) {
      subtractActive(connection, capped, room);
    }
    return room;
  }

  private static int countAll(Connection connection) throws SQLException {
    try (PreparedStatement select =
            connection.prepareStatement("select count(*) from job where state = 'ACTIVE'");
        ResultSet row = select.executeQuery()) {
      row.next();
      return Math.toIntExact(row.getLong(1));
    }
  }

  private static void subtractActive(Connection connection, List<String> capped, Room room)
      throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "select project, count(*) from job where state = 'ACTIVE' and project = any (?)"
                + " group by project")) {
      select.setArray(1, Sql.texts(connection, capped));
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          room.projects.merge(
              new ProjectName(rows.getString(1)), -Math.toIntExact(rows.getLong(2)), Integer::sum);
        }
      }
    }
  }
}
