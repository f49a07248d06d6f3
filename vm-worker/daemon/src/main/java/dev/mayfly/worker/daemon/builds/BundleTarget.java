package dev.mayfly.worker.daemon.builds;

import dev.mayfly.image.bundle.BundleSignature;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Port to whoever keeps the bundles that are built here. Thread-safe; all can be interrupted. */
public interface BundleTarget {

  /** Which of these blobs it lacks. */
  List<Sha256> missing(List<Sha256> blobs) throws TargetFailure, InterruptedException;

  /** Gives it a blob. Idempotent. */
  void store(Sha256 digest, Path file) throws TargetFailure, IOException, InterruptedException;

  /** Gives it a bundle all of whose blobs it has. Idempotent. */
  void put(byte[] manifest, List<BundleSignature> signatures)
      throws TargetFailure, InterruptedException;

  /** It was not reached, or did not take it; the message is fit for people. */
  final class TargetFailure extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean refused;

    public TargetFailure(boolean refused, String message, @Nullable Throwable cause) {
      super(message, cause);
      this.refused = refused;
    }

    /** Asking again will not help. */
    public boolean isRefused() {
      return refused;
    }
  }
}
