package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.BundleSignature;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Port to whoever serves boot bundles. Thread-safe. Each call asks one place; after a failure the
 * next call asks the next. All can be interrupted.
 */
public interface BundleSource {

  /** How many places there are to ask. */
  int places();

  /** The manifest of a bundle with its signatures; not checked. */
  Document bundle(Sha256 digest) throws SourceFailure, InterruptedException;

  /**
   * The bytes of a blob from an offset to its end; not checked. A place that says nothing for too
   * long has failed.
   *
   * @throws IOException what the sink throws
   */
  void fetch(Sha256 digest, long offset, Sink sink)
      throws SourceFailure, IOException, InterruptedException;

  /**
   * A manifest's bytes, at most 64 KiB, and who signed them.
   *
   * @param signatures at most {@value BundleSignature#MAX_PER_BUNDLE}
   */
  record Document(String manifest, List<BundleSignature> signatures) {
    public Document {
      signatures = List.copyOf(signatures);
    }
  }

  /** Takes the bytes of a blob. */
  interface Sink {
    /** Called first: how many bytes the whole blob is said to have. */
    void size(long bytes) throws IOException;

    /** The next bytes; blocking holds the sender back. */
    void piece(ByteBuffer data) throws IOException, InterruptedException;
  }

  /** A place did not give what was asked for; the message is fit for people. */
  final class SourceFailure extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean absent;

    public SourceFailure(boolean absent, String message, @Nullable Throwable cause) {
      super(message, cause);
      this.absent = absent;
    }

    /** It does not have it; else it may have it, and may give it later. */
    public boolean isAbsent() {
      return absent;
    }
  }
}
