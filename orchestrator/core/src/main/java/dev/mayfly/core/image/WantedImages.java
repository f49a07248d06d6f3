package dev.mayfly.core.image;

import java.util.List;

/** Port: every name as it counts for what workers should have. Safe for use by several threads. */
public interface WantedImages {

  /**
   * All names, by name.
   *
   * @param limit how many at most
   */
  List<WantedImage> wanted(int limit);
}
