package dev.mayfly.server.persistence;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import dev.mayfly.api.Label;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.job.EndRequest;
import dev.mayfly.core.job.IdempotencyKey;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobLimits;
import dev.mayfly.core.job.JobProgress;
import dev.mayfly.core.job.JobSpec;
import dev.mayfly.core.job.Workload;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Rows of {@code job}. What was asked for is written once; only progress changes. */
final class JobRows {

  /** What a {@link Demand} is made of, in the order in which {@link #readDemand} takes it. */
  static final String DEMAND_COLUMNS =
      """
      j.project, j.priority, j.image, j.bundle_digest, j.architecture, j.cpus, j.memory_mib,
      j.scratch_mib, j.labels
      """;

  private static final int DEMAND_COUNT = 9;
  private static final long NANOS_PER_MILLI = 1_000_000;

  private static final String REST =
      """
      j.command, j.idle_millis, j.lease_millis, j.environment_names, j.environment_values,
      j.secrets, j.working_directory, j.user_name, j.network, j.run_millis, j.queue_millis,
      j.max_attempts, j.log_limit_bytes, j.id, j.version, j.state, j.submitted_at, j.queued_since,
      j.not_before, j.end_request, j.end_exit_code, j.faults, j.refusals, j.session_until,
      j.finished_at, j.outcome_kind, j.exit_code, j.fault_code, j.fault_detail
      """;

  private static final int REST_COUNT = 29;

  /** A job and its last attempt, in the order in which {@link #read} takes them. */
  static final String COLUMNS = DEMAND_COLUMNS + "," + REST + "," + AttemptRows.COLUMNS;

  static final String JOIN = " left join attempt a on a.job_id = j.id and a.number = j.attempt ";

  /** To be followed by a condition. */
  static final String SELECT = "select " + COLUMNS + " from job j" + JOIN;

  /** How many columns {@link #COLUMNS} has before those of the attempt. */
  private static final int FIRST_OF_ATTEMPT = 1 + DEMAND_COUNT + REST_COUNT;

  static final String INSERT =
      """
      insert into job (version, state, queued_since, not_before, queue_until, end_request,
        end_exit_code, faults, refusals, attempt, worker_id, finished_at, outcome_kind, exit_code,
        fault_code, fault_detail, environment_names, environment_values, secrets,
        project, priority, image, bundle_digest, architecture, cpus, memory_mib, scratch_mib,
        labels, demand, command, session, idle_millis, lease_millis, working_directory,
        user_name, network, run_millis, queue_millis, max_attempts, log_limit_bytes,
        submitted_at, session_until, idempotency_key, request_fingerprint, id)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
        ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      on conflict (idempotency_key) do nothing
      """;

  private static final String PROGRESS =
      """
      update job set version = ?, state = ?, queued_since = ?, not_before = ?, queue_until = ?,
        end_request = ?, end_exit_code = ?, faults = ?, refusals = ?, attempt = ?, worker_id = ?,
        finished_at = ?, outcome_kind = ?, exit_code = ?, fault_code = ?, fault_detail = ?
      """;

  static final String UPDATE = PROGRESS + "where id = ?";

  /** Of a job whose image has been built. */
  static final String UPDATE_BUNDLE =
      "update job set bundle_digest = ?, architecture = ?, demand = ? where id = ?";

  /** Of a job whose environment is to be forgotten. */
  static final String UPDATE_AND_ERASE =
      PROGRESS
          + ", environment_names = '{}', environment_values = '{}', secrets = '{}' where id = ?";

  private JobRows() {}

  /** As the column {@code demand} has it. */
  static UUID demand(Demand demand) {
    try {
      ByteBuffer digest =
          ByteBuffer.wrap(
              MessageDigest.getInstance("MD5")
                  .digest(demand.key().getBytes(StandardCharsets.UTF_8)));
      return new UUID(digest.getLong(), digest.getLong());
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java has MD5", impossible);
    }
  }

  static void bindInsert(Sql.Parameters parameters, Job job, @Nullable IdempotencyKey key)
      throws SQLException {
    JobSpec spec = job.spec();
    bindProgress(parameters, job);
    parameters
        .add(spec.environment().keySet())
        .add(spec.environment().values())
        .add(spec.secrets());
    bindDemand(parameters, spec.demand());
    parameters.add(spec.command());
    switch (spec.workload()) {
      case Workload.Batch _ ->
          parameters.add(false).addNullable((Long) null).addNullable((Long) null);
      case Workload.Session(Duration idle, Duration lease) ->
          parameters.add(true).add(millis(idle)).add(millis(lease));
    }
    parameters
        .add(spec.workingDirectory())
        .add(spec.user())
        .add(spec.network().name())
        .add(millis(spec.limits().run()))
        .add(millis(spec.limits().queue()))
        .add(spec.limits().attempts())
        .add(spec.limits().logBytes())
        .add(job.submittedAt())
        .add(job.sessionUntil())
        .add(key == null ? null : key.value())
        .add(key == null ? null : key.fingerprint())
        .add(job.id().value());
  }

  private static void bindDemand(Sql.Parameters parameters, Demand demand) throws SQLException {
    parameters
        .add(demand.project().value())
        .add(demand.priority().ordinal())
        .add(demand.image().value())
        .add(demand.bundle().map(BundleDigest::value).orElse(null))
        .add(demand.architecture())
        .add(demand.shape().cpus())
        .add(demand.shape().memoryMib())
        .add(demand.shape().scratchMib())
        .add(demand.labels().stream().map(Label::value).toList())
        .add(demand(demand));
  }

  /** For {@link #UPDATE_BUNDLE}. */
  static void bindBundle(Sql.Parameters parameters, Job job) throws SQLException {
    Demand demand = job.spec().demand();
    parameters
        .add(demand.bundle().map(BundleDigest::value).orElse(null))
        .add(demand.architecture())
        .add(demand(demand))
        .add(job.id().value());
  }

  /** For {@link #UPDATE} and {@link #UPDATE_AND_ERASE}. */
  static void bindUpdate(Sql.Parameters parameters, Job job) throws SQLException {
    bindProgress(parameters, job);
    parameters.add(job.id().value());
  }

  private static void bindProgress(Sql.Parameters parameters, Job job) throws SQLException {
    JobProgress.@Nullable Queued queued =
        job.progress() instanceof JobProgress.Queued waiting ? waiting : null;
    JobProgress.@Nullable Finished finished =
        job.progress() instanceof JobProgress.Finished end ? end : null;
    Attempt last = job.attempt();
    parameters
        .add(job.version())
        .add(job.state().name())
        .add(queued == null ? null : queued.since())
        .add(queued == null ? null : queued.notBefore())
        .add(queued == null ? null : queued.since().plus(job.spec().limits().queue()));
    EndRequest end = job.endRequest();
    switch (end) {
      case null -> parameters.add((String) null).addNullable((Integer) null);
      case EndRequest.Cancel _ -> parameters.add("CANCEL").addNullable((Integer) null);
      case EndRequest.Release(int exitCode) -> parameters.add("RELEASE").add(exitCode);
      case EndRequest.Abandon _ -> parameters.add("ABANDON").addNullable((Integer) null);
    }
    parameters
        .add(job.tries().faults())
        .add(job.tries().refusals())
        .add(job.attempts())
        .addNullable(last == null ? null : last.worker().value())
        .add(finished == null ? null : finished.at());
    Outcomes.write(parameters, finished == null ? null : finished.outcome());
  }

  /** Part of a millisecond counts as a whole one. */
  private static long millis(Duration duration) {
    return duration.plusNanos(NANOS_PER_MILLI - 1).toMillis();
  }

  static Demand readDemand(ResultSet row, int first) throws SQLException {
    return new Demand(
        new ProjectName(row.getString(first)),
        Priority.values()[row.getInt(first + 1)],
        new ImageRef(row.getString(first + 2)),
        Optional.ofNullable(row.getString(first + 3)).map(BundleDigest::new),
        row.getString(first + 4),
        new Shape(row.getInt(first + 5), row.getInt(first + 6), row.getInt(first + 7)),
        Sql.texts(row, first + 8).stream()
            .map(Label::new)
            .collect(Collectors.toCollection(TreeSet::new)));
  }

  /** Reads {@link #COLUMNS}. */
  static Job read(ResultSet row) throws SQLException {
    int first = 1 + DEMAND_COUNT;
    JobLimits limits =
        new JobLimits(
            Duration.ofMillis(row.getLong(first + 9)),
            Duration.ofMillis(row.getLong(first + 10)),
            row.getInt(first + 11),
            row.getLong(first + 12));
    JobSpec spec =
        new JobSpec(
            readDemand(row, 1),
            workload(row, first),
            environment(row, first + 3),
            new TreeSet<>(Sql.texts(row, first + 5)),
            row.getString(first + 6),
            row.getString(first + 7),
            NetworkMode.valueOf(row.getString(first + 8)),
            limits);
    JobId id = new JobId(row.getObject(first + 13, UUID.class));
    return new Job(
        id,
        row.getLong(first + 14),
        spec,
        Sql.instant(row, first + 16),
        progress(row, first),
        endRequest(row, first + 19),
        new Job.Tries(row.getInt(first + 21), row.getInt(first + 22)),
        AttemptRows.read(id, row, FIRST_OF_ATTEMPT),
        Sql.instantOrNull(row, first + 23));
  }

  static List<Job> readAll(ResultSet rows) throws SQLException {
    List<Job> jobs = new ArrayList<>();
    while (rows.next()) {
      jobs.add(read(rows));
    }
    return jobs;
  }

  private static Workload workload(ResultSet row, int first) throws SQLException {
    long idle = row.getLong(first + 1);
    return row.wasNull()
        ? new Workload.Batch(Sql.texts(row, first))
        : new Workload.Session(Duration.ofMillis(idle), Duration.ofMillis(row.getLong(first + 2)));
  }

  private static TreeMap<String, String> environment(ResultSet row, int first) throws SQLException {
    List<String> names = Sql.texts(row, first);
    List<String> values = Sql.texts(row, first + 1);
    TreeMap<String, String> environment = new TreeMap<>();
    for (int i = 0; i < names.size(); i++) {
      environment.put(names.get(i), values.get(i));
    }
    return environment;
  }

  private static JobProgress progress(ResultSet row, int first) throws SQLException {
    return switch (JobState.valueOf(row.getString(first + 15))) {
      case QUEUED ->
          new JobProgress.Queued(Sql.instant(row, first + 17), Sql.instant(row, first + 18));
      case ACTIVE -> new JobProgress.Active();
      case FINISHED -> {
        Instant at = Sql.instant(row, first + 24);
        yield new JobProgress.Finished(Outcomes.read(row, first + 25), at);
      }
    };
  }

  private static @Nullable EndRequest endRequest(ResultSet row, int first) throws SQLException {
    String request = row.getString(first);
    return switch (request) {
      case null -> null;
      case "CANCEL" -> new EndRequest.Cancel();
      case "RELEASE" -> new EndRequest.Release(row.getInt(first + 1));
      case "ABANDON" -> new EndRequest.Abandon();
      default -> throw new IllegalStateException("unknown end request of a job: " + request);
    };
  }
}
