package dev.mayfly.server.persistence;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.PublicationCause;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** Moves of image names, within a transaction of the caller. */
final class ImageWrites {

  /**
   * Of pg_advisory_xact_lock; any number, the same in all versions. Shared by whoever begins to
   * need a bundle or a blob, alone for whoever removes them.
   */
  private static final long COLLECTION_LOCK = 0x6d61_7966_6c79_0005L;

  private static final String COLUMNS =
      "name, bundle_digest, architecture, size_bytes, published_at";

  private ImageWrites() {}

  /** Until the transaction ends no collection removes anything. */
  static void holdOffCollections(Connection connection) throws SQLException {
    lock(connection, "select pg_advisory_xact_lock_shared(?)");
  }

  /** Until the transaction ends nobody begins to need anything. */
  static void lockForCollection(Connection connection) throws SQLException {
    lock(connection, "select pg_advisory_xact_lock(?)");
  }

  private static void lock(Connection connection, String sql) throws SQLException {
    try (PreparedStatement lock = connection.prepareStatement(sql)) {
      lock.setLong(1, COLLECTION_LOCK);
      lock.execute();
    }
  }

  /** As {@link dev.mayfly.core.image.ImageStore#publish}. */
  static Image publish(Connection connection, Image image, PublicationCause cause)
      throws SQLException {
    holdOffCollections(connection);
    if (move(connection, image)) {
      addVersion(connection, image, cause);
      return image;
    }
    try (PreparedStatement select =
        connection.prepareStatement("select " + COLUMNS + " from image where name = ?")) {
      select.setString(1, image.name().value());
      try (ResultSet row = select.executeQuery()) {
        if (!row.next()) {
          throw new IllegalStateException("an image that is locked has disappeared");
        }
        return read(row);
      }
    }
  }

  /** Whether it pointed elsewhere; its row is locked then. */
  private static boolean move(Connection connection, Image image) throws SQLException {
    // One statement, because two who publish a new name at once would both not find it.
    try (PreparedStatement upsert =
        connection.prepareStatement(
            """
            insert into image (name, bundle_digest, architecture, size_bytes, published_at)
            values (?, ?, ?, ?, ?)
            on conflict (name) do update
              set bundle_digest = excluded.bundle_digest,
                  architecture = excluded.architecture,
                  size_bytes = excluded.size_bytes,
                  published_at = excluded.published_at
              where (image.bundle_digest, image.architecture, image.size_bytes)
                <> (excluded.bundle_digest, excluded.architecture, excluded.size_bytes)
            """)) {
      new Sql.Parameters(connection, upsert)
          .add(image.name().value())
          .add(image.bundle().value())
          .add(image.architecture())
          .add(image.sizeBytes())
          .add(image.publishedAt());
      return upsert.executeUpdate() > 0;
    }
  }

  private static void addVersion(Connection connection, Image image, PublicationCause cause)
      throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            """
            insert into image_version
              (image, number, bundle_digest, architecture, size_bytes, cause, published_at)
            select ?, coalesce(max(number), 0) + 1, ?, ?, ?, ?, ?
            from image_version where image = ?
            """)) {
      new Sql.Parameters(connection, insert)
          .add(image.name().value())
          .add(image.bundle().value())
          .add(image.architecture())
          .add(image.sizeBytes())
          .add(cause.name())
          .add(image.publishedAt())
          .add(image.name().value());
      insert.executeUpdate();
    }
  }

  /** A row of name, bundle, architecture, size and time. */
  static Image read(ResultSet row) throws SQLException {
    return new Image(
        new ImageRef(row.getString(1)),
        new BundleDigest(row.getString(2)),
        row.getString(3),
        row.getLong(4),
        Sql.instant(row, 5));
  }
}
