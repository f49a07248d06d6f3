package dev.mayfly.server.persistence;

import dev.mayfly.api.Blame;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildId;
import dev.mayfly.core.image.ImageBuildState;
import dev.mayfly.core.image.PublicationCause;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Rows of {@code image_build}. */
final class ImageBuildRows {

  /** In the order in which {@link #read} takes them. */
  static final String COLUMNS =
      """
      b.id, b.version, b.image, b.source, b.kernel, b.cause, b.unless_source_digest, b.state,
      b.worker_id, b.attempts, b.requested_at, b.started_at, b.heard_at, b.ended_at,
      b.cancel_requested, b.step, b.bundle_digest, b.blame, b.reason
      """;

  /** Nothing when a build of the image is open. */
  private static final String INSERT =
      """
      insert into image_build (version, state, worker_id, attempts, started_at, heard_at, ended_at,
        cancel_requested, step, bundle_digest, blame, reason,
        image, source, kernel, cause, unless_source_digest, requested_at, id)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      on conflict (image) where ended_at is null do nothing
      """;

  private static final String UPDATE =
      """
      update image_build set version = ?, state = ?, worker_id = ?, attempts = ?, started_at = ?,
        heard_at = ?, ended_at = ?, cancel_requested = ?, step = ?, bundle_digest = ?, blame = ?,
        reason = ?
      where id = ? and version = ?
      """;

  private ImageBuildRows() {}

  /** Whether it was stored; not when another of its image is open. */
  static boolean insert(Connection connection, ImageBuild build) throws SQLException {
    try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
      Sql.Parameters parameters = new Sql.Parameters(connection, insert);
      bindState(parameters, build);
      parameters
          .add(build.image().value())
          .add(build.spec().source())
          .add(build.spec().kernel())
          .add(build.spec().cause().name())
          .add(build.spec().unlessSourceDigest().orElse(null))
          .add(build.requestedAt())
          .add(build.id().value());
      return insert.executeUpdate() > 0;
    }
  }

  /** Whether it was still of that version. */
  static boolean update(Connection connection, ImageBuild build, long before) throws SQLException {
    try (PreparedStatement update = connection.prepareStatement(UPDATE)) {
      Sql.Parameters parameters = new Sql.Parameters(connection, update);
      bindState(parameters, build);
      parameters.add(build.id().value()).add(before);
      return update.executeUpdate() > 0;
    }
  }

  private static void bindState(Sql.Parameters parameters, ImageBuild build) throws SQLException {
    parameters.add(build.version());
    switch (build.state()) {
      case ImageBuildState.Queued(Optional<WorkerId> lastTried) ->
          bind(parameters, build, "QUEUED", lastTried, null, null, null);
      case ImageBuildState.Running(WorkerId worker, Instant since, Instant heardAt) ->
          bind(parameters, build, "RUNNING", Optional.of(worker), since, heardAt, null);
      case ImageBuildState.Ended(var worker, var since, var end, Instant at) -> {
        bind(parameters, build, name(end), worker, since.orElse(null), null, at);
        switch (end) {
          case ImageBuildState.End.Succeeded(BundleDigest bundle) ->
              parameters.add(bundle.value()).add((String) null).add((String) null);
          case ImageBuildState.End.Failed(Blame blame, String reason) ->
              parameters.add((String) null).add(blame.name()).add(reason);
          case ImageBuildState.End.Unchanged _, ImageBuildState.End.Cancelled _ ->
              parameters.add((String) null).add((String) null).add((String) null);
        }
        return;
      }
    }
    parameters.add((String) null).add((String) null).add((String) null);
  }

  private static String name(ImageBuildState.End end) {
    return switch (end) {
      case ImageBuildState.End.Succeeded _ -> "SUCCEEDED";
      case ImageBuildState.End.Unchanged _ -> "UNCHANGED";
      case ImageBuildState.End.Failed _ -> "FAILED";
      case ImageBuildState.End.Cancelled _ -> "CANCELLED";
    };
  }

  private static void bind(
      Sql.Parameters parameters,
      ImageBuild build,
      String state,
      Optional<WorkerId> worker,
      @Nullable Instant startedAt,
      @Nullable Instant heardAt,
      @Nullable Instant endedAt)
      throws SQLException {
    parameters
        .add(state)
        .addNullable(worker.map(WorkerId::value).orElse(null))
        .add(build.attempts())
        .add(startedAt)
        .add(heardAt)
        .add(endedAt)
        .add(build.cancelRequested())
        .add(build.step());
  }

  static List<ImageBuild> readAll(ResultSet rows) throws SQLException {
    List<ImageBuild> builds = new ArrayList<>();
    while (rows.next()) {
      builds.add(read(rows));
    }
    return builds;
  }

  /** Reads {@link #COLUMNS}. */
  static ImageBuild read(ResultSet row) throws SQLException {
    return new ImageBuild(
        new ImageBuildId(row.getObject(1, UUID.class)),
        row.getLong(2),
        new ImageBuild.Spec(
            new ImageRef(row.getString(3)),
            row.getString(4),
            row.getString(5),
            PublicationCause.valueOf(row.getString(6)),
            Optional.ofNullable(row.getString(7))),
        Sql.instant(row, 11),
        row.getInt(10),
        row.getBoolean(15),
        row.getString(16),
        state(row));
  }

  private static ImageBuildState state(ResultSet row) throws SQLException {
    Optional<WorkerId> worker =
        Optional.ofNullable(row.getObject(9, UUID.class)).map(WorkerId::new);
    Instant startedAt = Sql.instantOrNull(row, 12);
    Instant heardAt = Sql.instantOrNull(row, 13);
    String state = row.getString(8);
    return switch (state) {
      case "QUEUED" -> new ImageBuildState.Queued(worker);
      case "RUNNING" ->
          new ImageBuildState.Running(
              worker.orElseThrow(),
              Objects.requireNonNull(startedAt),
              Objects.requireNonNull(heardAt));
      case "SUCCEEDED" ->
          ended(
              row,
              worker,
              startedAt,
              new ImageBuildState.End.Succeeded(new BundleDigest(row.getString(17))));
      case "UNCHANGED" -> ended(row, worker, startedAt, new ImageBuildState.End.Unchanged());
      case "CANCELLED" -> ended(row, worker, startedAt, new ImageBuildState.End.Cancelled());
      case "FAILED" ->
          ended(
              row,
              worker,
              startedAt,
              new ImageBuildState.End.Failed(Blame.valueOf(row.getString(18)), row.getString(19)));
      default -> throw new IllegalStateException("unknown state of a build: " + state);
    };
  }

  private static ImageBuildState ended(
      ResultSet row,
      Optional<WorkerId> worker,
      @Nullable Instant startedAt,
      ImageBuildState.End end)
      throws SQLException {
    return new ImageBuildState.Ended(
        worker, Optional.ofNullable(startedAt), end, Sql.instant(row, 14));
  }
}
