package dev.mayfly.worker.core.bundle;

/** A bundle that somebody boots from: it stays on this host until this is closed. Thread-safe. */
public interface BundleUse extends AutoCloseable {

  /** Its files. */
  BundlePaths paths();

  /** It may go. Idempotent. */
  @Override
  void close();
}
