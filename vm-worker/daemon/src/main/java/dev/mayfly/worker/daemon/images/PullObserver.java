package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.Sha256;

/** Is told how pulls go on, by the threads that pull; must not block. */
public interface PullObserver {

  /** Where a pull has got to. */
  enum Point {
    MANIFEST,
    BLOB_BEGUN,
    PIECE,
    BLOB_RECEIVED,
    BLOB_STORED,
    FETCHED,
    ASSEMBLED
  }

  /** Of the bundle, or of one of its blobs. */
  default void reached(Point point, Sha256 digest) {}

  /** Some bytes more are here. */
  void progressed();
}
