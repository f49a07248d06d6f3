package dev.mayfly.core.image;

import dev.mayfly.api.ImageRef;
import java.util.List;
import java.util.Optional;

/** Port: where image names are kept. Safe for use by several threads. */
public interface ImageStore {

  /** Lets the name point to the bundle. Idempotent: the same bundle again changes nothing. */
  Image publish(Image image);

  Optional<Image> find(ImageRef name);

  /**
   * At most {@code limit} images whose name follows {@code after}, by name; empty: from the first.
   */
  List<Image> list(String after, int limit);
}
