package dev.mayfly.worker.core.bundle;

/** Is told how a pull goes on, by the thread that waits for it, about twice a second. */
public interface PullListener {

  /** So many bytes of all that the bundle has are on this host. */
  void progress(long bytesDone, long bytesTotal);

  /** All of them are; called once, and only after {@link #progress}. */
  void pulled();
}
