package dev.mayfly.server.persistence;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.core.image.Image;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;

/** A row of {@code image}. */
@Entity
@Table(name = "image")
@SuppressWarnings("NullAway.Init") // Hibernate fills the fields.
class ImageEntity {
  @Id String name;

  @Column(name = "bundle_digest")
  String bundleDigest;

  String architecture;

  @Column(name = "size_bytes")
  long sizeBytes;

  @Column(name = "published_at")
  Instant publishedAt;

  ImageEntity() {}

  Image toImage() {
    return new Image(
        new ImageRef(name), new BundleDigest(bundleDigest), architecture, sizeBytes, publishedAt);
  }
}
