package dev.mayfly.worker.daemon.link;

import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.daemon.images.PullState;
import java.util.List;

/** What the link asks of the image cache; returns at once. Thread-safe. */
public interface ImagePorts {

  /**
   * Which bundles should be ready before a job asks.
   *
   * @param wanted the most wanted first
   * @param pinned those that are never removed to make room
   */
  void keep(List<Sha256> wanted, List<Sha256> pinned);

  /** What becomes of bundles that are not here; at most 256. */
  List<PullState> states();
}
