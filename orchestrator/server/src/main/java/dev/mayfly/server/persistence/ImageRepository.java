package dev.mayfly.server.persistence;

import java.util.List;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.JpaRepository;

/** Rows of {@code image}. */
interface ImageRepository extends JpaRepository<ImageEntity, String> {
  List<ImageEntity> findByNameGreaterThanOrderByName(String after, Limit limit);
}
