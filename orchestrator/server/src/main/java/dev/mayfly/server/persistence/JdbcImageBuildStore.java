package dev.mayfly.server.persistence;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildId;
import dev.mayfly.core.image.ImageBuildState;
import dev.mayfly.core.image.ImageBuildStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Builds in the tables {@code image_build} and {@code image_build_line}. */
class JdbcImageBuildStore implements ImageBuildStore {

  /** One open build that ends between the two questions; more often is a defect. */
  private static final int MAX_REQUEST_TRIES = 16;

  private static final String SELECT = "select " + ImageBuildRows.COLUMNS + " from image_build b ";

  private final Database database;

  JdbcImageBuildStore(Database database) {
    this.database = database;
  }

  @Override
  public ImageBuild request(ImageBuild build) {
    for (int tries = 0; tries < MAX_REQUEST_TRIES; tries++) {
      if (database.statement(connection -> ImageBuildRows.insert(connection, build))) {
        return build;
      }
      List<ImageBuild> open =
          select(
              "where b.image = ? and b.ended_at is null",
              parameters -> parameters.add(build.image().value()));
      if (!open.isEmpty()) {
        return open.getFirst();
      }
    }
    throw new IllegalStateException("builds of " + build.image() + " begin and end too fast");
  }

  @Override
  public boolean commit(ImageBuild before, ImageBuild after) {
    return database.transaction(connection -> {
      if (after.state() instanceof ImageBuildState.Ended(var _, var _, var end, Instant at)
          && end instanceof ImageBuildState.End.Succeeded(BundleDigest digest)) {
        // Until the name points to it nobody else needs the bundle.
        ImageWrites.holdOffCollections(connection);
        if (!ImageBuildRows.update(connection, after, before.version())) {
          return false;
        }
        ImageWrites.publish(connection, image(connection, after, digest, at), after.spec().cause());
        return true;
      }
      return ImageBuildRows.update(connection, after, before.version());
    });
  }

  private static Image image(
      Connection connection, ImageBuild build, BundleDigest digest, Instant at)
      throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "select architecture, size_bytes from bundle where digest = ?")) {
      select.setString(1, digest.value());
      try (ResultSet row = select.executeQuery()) {
        if (!row.next()) {
          throw new IllegalStateException("bundle is not stored: " + digest);
        }
        return new Image(build.image(), digest, row.getString(1), row.getLong(2), at);
      }
    }
  }

  @Override
  public void progress(
      ImageBuildId build, WorkerId worker, Instant at, String step, @Nullable String line) {
    database.transaction(connection -> {
      try (PreparedStatement update =
          connection.prepareStatement(
              "update image_build set step = ?, heard_at = ?"
                  + " where id = ? and state = 'RUNNING' and worker_id = ?")) {
        new Sql.Parameters(connection, update)
            .add(step)
            .add(at)
            .add(build.value())
            .add(worker.value());
        // Its row is locked now: lines are numbered one after another.
        if (update.executeUpdate() == 0 || line == null) {
          return false;
        }
      }
      return addLine(connection, build, at, line);
    });
  }

  private static boolean addLine(Connection connection, ImageBuildId build, Instant at, String line)
      throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            """
            insert into image_build_line (build_id, number, at, text)
            select ?, coalesce(max(number), 0) + 1, ?, ? from image_build_line
            where build_id = ? having coalesce(max(number), 0) < ?
            """)) {
      new Sql.Parameters(connection, insert)
          .add(build.value())
          .add(at)
          .add(line)
          .add(build.value())
          .add(MAX_LINES);
      return insert.executeUpdate() > 0;
    }
  }

  /** Fills the parameters of a condition. */
  private interface Binding {
    void bind(Sql.Parameters parameters) throws SQLException;
  }

  private List<ImageBuild> select(String condition, Binding binding) {
    return database.statement(connection -> {
      try (PreparedStatement select = connection.prepareStatement(SELECT + condition)) {
        binding.bind(new Sql.Parameters(connection, select));
        try (ResultSet rows = select.executeQuery()) {
          return ImageBuildRows.readAll(rows);
        }
      }
    });
  }

  @Override
  public Optional<ImageBuild> find(ImageBuildId id) {
    return select("where b.id = ?", parameters -> parameters.add(id.value())).stream().findFirst();
  }

  @Override
  public List<ImageBuild> open() {
    return select("where b.ended_at is null order by b.id", _ -> {});
  }

  @Override
  public Map<ImageRef, ImageBuild> latest(Collection<ImageRef> images) {
    if (images.isEmpty()) {
      return Map.of();
    }
    Map<ImageRef, ImageBuild> latest = new HashMap<>();
    database
        .statement(connection -> {
          try (PreparedStatement select =
              connection.prepareStatement(
                  "select "
                      + ImageBuildRows.COLUMNS
                      + " from unnest(?) as asked (image) cross join lateral ("
                      + " select * from image_build where image_build.image = asked.image"
                      + " order by ended_at is null desc, id desc limit 1) b")) {
            select.setArray(
                1, Sql.texts(connection, images.stream().map(ImageRef::value).toList()));
            try (ResultSet rows = select.executeQuery()) {
              return ImageBuildRows.readAll(rows);
            }
          }
        })
        .forEach(build -> latest.put(build.image(), build));
    return latest;
  }

  @Override
  public List<ImageBuild> list(
      @Nullable ImageRef image,
      @Nullable Boolean open,
      @Nullable ImageBuildId olderThan,
      int limit) {
    String ended = open == null ? "" : " and b.ended_at is " + (open ? "null" : "not null");
    return select(
        "where true"
            + (image == null ? "" : " and b.image = ?")
            + ended
            + (olderThan == null ? "" : " and b.id < ?")
            + " order by b.id desc limit ?",
        parameters -> {
          if (image != null) {
            parameters.add(image.value());
          }
          if (olderThan != null) {
            parameters.add(olderThan.value());
          }
          parameters.add(limit);
        });
  }

  @Override
  public List<Line> lines(ImageBuildId build, int after, int limit) {
    return database.statement(connection -> {
      List<Line> lines = new ArrayList<>();
      try (PreparedStatement select =
          connection.prepareStatement(
              "select number, at, text from image_build_line where build_id = ? and number > ?"
                  + " order by number limit ?")) {
        new Sql.Parameters(connection, select).add(build.value()).add(after).add(limit);
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            lines.add(new Line(rows.getInt(1), Sql.instant(rows, 2), rows.getString(3)));
          }
        }
      }
      return lines;
    });
  }

  @Override
  public int removeEnded(Instant before, int limit) {
    return database.statement(connection -> {
      try (PreparedStatement delete =
          connection.prepareStatement(
              """
              delete from image_build where id in (
                select id from image_build where ended_at < ? order by ended_at limit ?
                for update skip locked)
              """)) {
        new Sql.Parameters(connection, delete).add(before).add(limit);
        return delete.executeUpdate();
      }
    });
  }
}
