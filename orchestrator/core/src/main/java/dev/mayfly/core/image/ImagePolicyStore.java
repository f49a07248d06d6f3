package dev.mayfly.core.image;

import dev.mayfly.api.ImageRef;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Port: where it is kept how names are kept. Safe for use by several threads and several
 * orchestrators.
 */
public interface ImagePolicyStore {

  /** What the policy says, in place of what was; when it was watched and refreshed stays. */
  ImagePolicy put(ImagePolicy policy);

  Optional<ImagePolicy> find(ImageRef name);

  /**
   * At most {@code limit} policies whose name follows {@code after}, by name; empty: from the
   * first.
   */
  List<ImagePolicy> list(String after, int limit);

  /** Upstream was asked whether the tag moved; nothing when there is no policy. */
  void watched(ImageRef name, Instant at);

  /** The image was built again; nothing when there is no policy. */
  void refreshed(ImageRef name, Instant at);

  /** Whether there was one. */
  boolean remove(ImageRef name);
}
