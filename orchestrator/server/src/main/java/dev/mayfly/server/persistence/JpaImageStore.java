package dev.mayfly.server.persistence;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.image.ImageVersion;
import dev.mayfly.core.image.PublicationCause;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.data.domain.Limit;

/** Image names in the tables {@code image} and {@code image_version}. */
class JpaImageStore implements ImageStore {
  private final ImageRepository images;
  private final Transactions transactions;
  private final Database database;

  JpaImageStore(ImageRepository images, Transactions transactions, Database database) {
    this.images = images;
    this.transactions = transactions;
    this.database = database;
  }

  @Override
  public Image publish(Image image, PublicationCause cause) {
    return database.transaction(connection -> ImageWrites.publish(connection, image, cause));
  }

  @Override
  public Optional<Image> rollBack(ImageRef name, int number, Instant at) {
    return database.transaction(connection -> {
      // The version must not be trimmed before the name points to it.
      ImageWrites.holdOffCollections(connection);
      try (PreparedStatement select =
          connection.prepareStatement(
              "select image, bundle_digest, architecture, size_bytes, published_at"
                  + " from image_version where image = ? and number = ?")) {
        new Sql.Parameters(connection, select).add(name.value()).add(number);
        try (ResultSet row = select.executeQuery()) {
          if (!row.next()) {
            return Optional.empty();
          }
          Image then = ImageWrites.read(row);
          Image again = new Image(name, then.bundle(), then.architecture(), then.sizeBytes(), at);
          return Optional.of(ImageWrites.publish(connection, again, PublicationCause.ROLLED_BACK));
        }
      }
    });
  }

  @Override
  public Optional<Image> find(ImageRef name) {
    // Every submission asks this: one round trip, where JPA's read-only transaction takes four.
    return database.statement(connection -> {
      try (PreparedStatement select =
          connection.prepareStatement(
              "select name, bundle_digest, architecture, size_bytes, published_at from image"
                  + " where name = ?")) {
        select.setString(1, name.value());
        try (ResultSet row = select.executeQuery()) {
          return row.next() ? Optional.of(ImageWrites.read(row)) : Optional.empty();
        }
      }
    });
  }

  @Override
  public List<Image> list(String after, int limit) {
    return transactions.read(() ->
        images.findByNameGreaterThanOrderByName(after, Limit.of(limit)).stream()
            .map(ImageEntity::toImage)
            .toList());
  }

  @Override
  public List<ImageVersion> history(ImageRef name, int before, int limit) {
    return database.statement(connection -> {
      List<ImageVersion> versions = new ArrayList<>();
      try (PreparedStatement select =
          connection.prepareStatement(
              """
              select image, bundle_digest, architecture, size_bytes, published_at, number, cause
              from image_version where image = ? and number < ? order by number desc limit ?
              """)) {
        new Sql.Parameters(connection, select).add(name.value()).add(before).add(limit);
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            versions.add(
                new ImageVersion(
                    rows.getInt(6),
                    ImageWrites.read(rows),
                    PublicationCause.valueOf(rows.getString(7))));
          }
        }
      }
      return versions;
    });
  }

  @Override
  public Map<ImageRef, Integer> numbers(Collection<ImageRef> names) {
    if (names.isEmpty()) {
      return Map.of();
    }
    return database.statement(connection -> {
      Map<ImageRef, Integer> numbers = new HashMap<>();
      try (PreparedStatement select =
          connection.prepareStatement(
              "select image, max(number) from image_version where image = any (?)"
                  + " group by image")) {
        new Sql.Parameters(connection, select).add(names.stream().map(ImageRef::value).toList());
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            numbers.put(new ImageRef(rows.getString(1)), rows.getInt(2));
          }
        }
      }
      return numbers;
    });
  }

  @Override
  public List<ImageRef> pointingTo(BundleDigest bundle) {
    return database.statement(connection -> {
      List<ImageRef> names = new ArrayList<>();
      try (PreparedStatement select =
          connection.prepareStatement(
              "select name from image where bundle_digest = ? order by name")) {
        select.setString(1, bundle.value());
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            names.add(new ImageRef(rows.getString(1)));
          }
        }
      }
      return names;
    });
  }

  @Override
  public boolean remove(ImageRef name) {
    return database.statement(connection -> {
      try (PreparedStatement delete =
          connection.prepareStatement("delete from image where name = ?")) {
        delete.setString(1, name.value());
        return delete.executeUpdate() > 0;
      }
    });
  }
}
