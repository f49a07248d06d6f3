package dev.mayfly.core.image;

import dev.mayfly.api.BundleDigest;
import java.time.Instant;

/**
 * What a worker says about a bundle that it does not have ready.
 *
 * @param since when it said so
 */
public record BundleOnWorker(BundleDigest bundle, State state, Instant since) {

  /** At most this many per worker. */
  public static final int MAX_PER_WORKER = 256;

  /** Alternatives of what it does. */
  public sealed interface State {

    /** It fetches it. */
    record Pulling(long bytesDone, long bytesTotal) implements State {
      public Pulling {
        if (bytesDone < 0 || bytesTotal < 0) {
          throw new IllegalArgumentException("a number of bytes is negative");
        }
      }
    }

    /** It could not fetch it. */
    record Failed(String reason) implements State {
      public static final int MAX_REASON = 500;
    }
  }
}
