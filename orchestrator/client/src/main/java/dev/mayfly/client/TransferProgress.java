package dev.mayfly.client;

/** Hears how far a transfer has come; called in the thread that transfers, often. */
@FunctionalInterface
public interface TransferProgress {

  /** Tells nobody. */
  TransferProgress NONE = (done, total) -> {};

  /**
   * So many bytes are done; less than before when a broken transfer begins anew.
   *
   * @param total bytes in all
   */
  void at(long done, long total);
}
