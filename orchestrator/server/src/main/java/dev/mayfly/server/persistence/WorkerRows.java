package dev.mayfly.server.persistence;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.Label;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.Vmm;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Rows of {@code worker}. */
final class WorkerRows {
  private static final String SEPARATOR = "\t";
  private static final int VMM_FIELDS = 5;

  /** In the order in which {@link #read} takes them. */
  static final String COLUMNS =
      """
      w.id, w.name, w.state, w.version, w.architecture, w.host_kernel, w.cpus, w.memory_mib,
      w.scratch_mib, w.vmms, w.bundles, w.labels, w.pool, w.duty, w.duty_reason, w.duty_since,
      w.last_seen_at, w.builder, w.revision
      """;

  /** Its position in {@link #COLUMNS}. */
  static final int REVISION = 19;

  /** The duty is set at the first registration only. */
  static final String REGISTER =
      """
      insert into worker (name, state, version, architecture, host_kernel, cpus, memory_mib,
        scratch_mib, vmms, bundles, labels, pool, builder, last_seen_at, duty, duty_reason, duty_since, id)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      on conflict (id) do update set name = excluded.name, state = excluded.state,
        version = excluded.version, architecture = excluded.architecture,
        host_kernel = excluded.host_kernel, cpus = excluded.cpus,
        memory_mib = excluded.memory_mib, scratch_mib = excluded.scratch_mib,
        vmms = excluded.vmms, bundles = excluded.bundles, labels = excluded.labels,
        pool = excluded.pool, builder = excluded.builder,
        last_seen_at = excluded.last_seen_at,
        revision = worker.revision + 1
      """;

  private WorkerRows() {}

  static void bindRegister(Sql.Parameters parameters, Worker worker) throws SQLException {
    parameters
        .add(worker.name())
        .add(worker.state().name())
        .add(worker.version())
        .add(worker.architecture())
        .add(worker.hostKernel())
        .add(worker.capacity().cpus())
        .add(worker.capacity().memoryMib())
        .add(worker.capacity().scratchMib())
        .add(worker.vmms().stream().map(WorkerRows::text).toList())
        .add(texts(worker.bundles()))
        .add(worker.labels().stream().map(Label::value).sorted().toList())
        .add(worker.pool().value())
        .add(worker.builder())
        .add(worker.lastSeenAt());
    bindDuty(parameters, worker.duty());
    parameters.add(worker.id().value());
  }

  /** Kind, reason, and since when. */
  static void bindDuty(Sql.Parameters parameters, Duty duty) throws SQLException {
    switch (duty) {
      case Duty.Accepting _ -> parameters.add("ACCEPTING").add((String) null).add((Instant) null);
      case Duty.Draining(Instant since) -> parameters.add("DRAINING").add((String) null).add(since);
      case Duty.Quarantined(String reason, Instant since) ->
          parameters.add("QUARANTINED").add(reason).add(since);
    }
  }

  static List<String> texts(Collection<BundleDigest> bundles) {
    return bundles.stream().map(BundleDigest::value).sorted().toList();
  }

  /** Reads {@link #COLUMNS}. */
  static Worker read(ResultSet row) throws SQLException {
    return new Worker(
        new WorkerId(row.getObject(1, UUID.class)),
        row.getString(2),
        WorkerState.valueOf(row.getString(3)),
        row.getString(4),
        row.getString(5),
        row.getString(6),
        new Capacity(row.getInt(7), row.getInt(8), row.getInt(9)),
        Sql.texts(row, 10).stream().map(WorkerRows::vmm).toList(),
        Sql.texts(row, 11).stream().map(BundleDigest::new).collect(Collectors.toSet()),
        Sql.texts(row, 12).stream().map(Label::new).collect(Collectors.toSet()),
        new WorkerPoolName(row.getString(13)),
        row.getBoolean(18),
        duty(row.getString(14), row.getString(15), Sql.instantOrNull(row, 16)),
        Sql.instant(row, 17));
  }

  private static Duty duty(String kind, @Nullable String reason, @Nullable Instant since) {
    if (since == null) {
      return new Duty.Accepting();
    }
    return kind.equals("DRAINING")
        ? new Duty.Draining(since)
        : new Duty.Quarantined(reason == null ? "" : reason, since);
  }

  private static String text(Vmm vmm) {
    return Stream.of(
            vmm.name(),
            vmm.version(),
            vmm.accelerator(),
            Boolean.toString(vmm.usable()),
            vmm.reason())
        .map(field -> field.replace(SEPARATOR, " "))
        .collect(Collectors.joining(SEPARATOR));
  }

  private static Vmm vmm(String text) {
    String[] fields = text.split(SEPARATOR, VMM_FIELDS);
    return new Vmm(fields[0], fields[1], fields[2], Boolean.parseBoolean(fields[3]), fields[4]);
  }
}
