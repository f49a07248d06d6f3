package dev.mayfly.server.persistence;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImageStore;
import java.util.List;
import java.util.Optional;
import org.springframework.data.domain.Limit;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Image names in the table {@code image}. */
class JpaImageStore implements ImageStore {
  private final ImageRepository images;
  private final Transactions transactions;
  private final JdbcClient sql;

  JpaImageStore(ImageRepository images, Transactions transactions, JdbcClient sql) {
    this.images = images;
    this.transactions = transactions;
    this.sql = sql;
  }

  @Override
  public Image publish(Image image) {
    return transactions.write(() -> {
      // One statement, because two who publish a new name at once would both not find it.
      sql.sql(
              """
              insert into image (name, bundle_digest, architecture, size_bytes, published_at)
              values (:name, :bundle, :architecture, :size, :at)
              on conflict (name) do update
                set bundle_digest = excluded.bundle_digest,
                    architecture = excluded.architecture,
                    size_bytes = excluded.size_bytes,
                    published_at = excluded.published_at
                where (image.bundle_digest, image.architecture, image.size_bytes)
                  <> (excluded.bundle_digest, excluded.architecture, excluded.size_bytes)
              """)
          .param("name", image.name().value())
          .param("bundle", image.bundle().value())
          .param("architecture", image.architecture())
          .param("size", image.sizeBytes())
          .param("at", Sql.timestamp(image.publishedAt()))
          .update();
      return images.findById(image.name().value()).orElseThrow().toImage();
    });
  }

  @Override
  public Optional<Image> find(ImageRef name) {
    // Every submission asks this: one round trip, where JPA's read-only transaction takes four.
    return sql.sql(
            "select name, bundle_digest, architecture, size_bytes, published_at from image"
                + " where name = :name")
        .param("name", name.value())
        .query((row, _) ->
            new Image(
                new ImageRef(row.getString(1)),
                new BundleDigest(row.getString(2)),
                row.getString(3),
                row.getLong(4),
                Sql.instant(row, 5)))
        .optional();
  }

  @Override
  public List<Image> list(String after, int limit) {
    return transactions.read(() ->
        images.findByNameGreaterThanOrderByName(after, Limit.of(limit)).stream()
            .map(ImageEntity::toImage)
            .toList());
  }
}
