package dev.mayfly.server.persistence;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImagePolicy;
import dev.mayfly.core.image.ImagePolicyStore;
import dev.mayfly.core.image.WantedImage;
import dev.mayfly.core.image.WantedImages;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** How names are kept, in the table {@code image_policy}. */
class JdbcImagePolicyStore implements ImagePolicyStore, WantedImages {

  /** In the order in which {@link #read} takes them, after the name. */
  private static final String COLUMNS =
      """
      p.source, p.kernel, p.refresh_cron, p.watch_seconds, p.keep, p.pinned, p.prepull_pools,
      p.last_watched_at, p.last_refreshed_at
      """;

  private final Database database;

  JdbcImagePolicyStore(Database database) {
    this.database = database;
  }

  @Override
  public ImagePolicy put(ImagePolicy policy) {
    return database.statement(connection -> {
      try (PreparedStatement upsert =
          connection.prepareStatement(
              """
              insert into image_policy as p (image, source, kernel, refresh_cron, watch_seconds,
                keep, pinned, prepull_pools, last_watched_at, last_refreshed_at)
              values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
              on conflict (image) do update
                set source = excluded.source, kernel = excluded.kernel,
                    refresh_cron = excluded.refresh_cron, watch_seconds = excluded.watch_seconds,
                    keep = excluded.keep, pinned = excluded.pinned,
                    prepull_pools = excluded.prepull_pools
              returning p.image, %s
              """
                  .formatted(COLUMNS))) {
        new Sql.Parameters(connection, upsert)
            .add(policy.image().value())
            .add(policy.source().orElse(null))
            .add(policy.kernel().orElse(""))
            .add(policy.refreshCron().orElse(null))
            .addNullable(
                policy.watch().map(watch -> Math.toIntExact(watch.toSeconds())).orElse(null))
            .add(policy.keep())
            .add(policy.pinned())
            .add(policy.prepullPools().stream().map(WorkerPoolName::value).sorted().toList())
            .add(policy.lastWatchedAt().orElse(null))
            .add(policy.lastRefreshedAt().orElse(null));
        try (ResultSet row = upsert.executeQuery()) {
          row.next();
          return read(new ImageRef(row.getString(1)), row, 2);
        }
      }
    });
  }

  /** A policy whose columns begin there. */
  private static ImagePolicy read(ImageRef image, ResultSet row, int first) throws SQLException {
    Integer watch = row.getObject(first + 3, Integer.class);
    return new ImagePolicy(
        image,
        Optional.ofNullable(row.getString(first)),
        Optional.of(row.getString(first + 1)).filter(kernel -> !kernel.isEmpty()),
        Optional.ofNullable(row.getString(first + 2)),
        Optional.ofNullable(watch).map(Duration::ofSeconds),
        row.getInt(first + 4),
        row.getBoolean(first + 5),
        Sql.texts(row, first + 6).stream()
            .map(WorkerPoolName::new)
            .collect(Collectors.toUnmodifiableSet()),
        Optional.ofNullable(Sql.instantOrNull(row, first + 7)),
        Optional.ofNullable(Sql.instantOrNull(row, first + 8)));
  }

  @Override
  public Optional<ImagePolicy> find(ImageRef name) {
    return select("where p.image = ?", parameters -> parameters.add(name.value())).stream()
        .findFirst();
  }

  @Override
  public List<ImagePolicy> list(String after, int limit) {
    return select(
        "where p.image > ? order by p.image limit ?",
        parameters -> parameters.add(after).add(limit));
  }

  /** Fills the parameters of a condition. */
  private interface Binding {
    void bind(Sql.Parameters parameters) throws SQLException;
  }

  private List<ImagePolicy> select(String condition, Binding binding) {
    return database.statement(connection -> {
      List<ImagePolicy> found = new ArrayList<>();
      try (PreparedStatement select =
          connection.prepareStatement(
              "select p.image, " + COLUMNS + " from image_policy p " + condition)) {
        binding.bind(new Sql.Parameters(connection, select));
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            found.add(read(new ImageRef(rows.getString(1)), rows, 2));
          }
        }
      }
      return found;
    });
  }

  @Override
  public void watched(ImageRef name, Instant at) {
    touch("update image_policy set last_watched_at = ? where image = ?", name, at);
  }

  @Override
  public void refreshed(ImageRef name, Instant at) {
    touch("update image_policy set last_refreshed_at = ? where image = ?", name, at);
  }

  private void touch(String sql, ImageRef name, Instant at) {
    database.statement(connection -> {
      try (PreparedStatement update = connection.prepareStatement(sql)) {
        new Sql.Parameters(connection, update).add(at).add(name.value());
        return update.executeUpdate();
      }
    });
  }

  @Override
  public boolean remove(ImageRef name) {
    return database.statement(connection -> {
      try (PreparedStatement delete =
          connection.prepareStatement("delete from image_policy where image = ?")) {
        delete.setString(1, name.value());
        return delete.executeUpdate() > 0;
      }
    });
  }

  @Override
  public List<WantedImage> wanted(int limit) {
    return database.statement(connection -> {
      List<WantedImage> wanted = new ArrayList<>();
      try (PreparedStatement select =
          connection.prepareStatement(
              """
              select i.name, i.bundle_digest, i.architecture, i.size_bytes, i.published_at,
                b.digest is not null, used.submitted_at, p.image is not null, %s
              from image i
                left join image_policy p on p.image = i.name
                left join bundle b on b.digest = i.bundle_digest
                left join lateral (
                  select submitted_at from job where image = i.name order by id desc limit 1
                ) used on true
              order by i.name limit ?
              """
                  .formatted(COLUMNS))) {
        select.setInt(1, limit);
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            Image image = ImageWrites.read(rows);
            wanted.add(
                new WantedImage(
                    image,
                    rows.getBoolean(8) ? read(image.name(), rows, 9) : ImagePolicy.of(image.name()),
                    rows.getBoolean(6),
                    Optional.ofNullable(Sql.instantOrNull(rows, 7))));
          }
        }
      }
      return wanted;
    });
  }
}
