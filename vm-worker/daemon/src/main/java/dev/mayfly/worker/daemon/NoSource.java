package dev.mayfly.worker.daemon;

import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.daemon.images.BundleSource;

/** For whoever looks at a host without a worker that runs: nothing is pulled. */
final class NoSource implements BundleSource {
  @Override
  public int places() {
    return 0;
  }

  @Override
  public Document bundle(Sha256 digest) throws SourceFailure {
    throw new SourceFailure(true, "nobody is asked", null);
  }

  @Override
  public void fetch(Sha256 digest, long offset, Sink sink) throws SourceFailure {
    throw new SourceFailure(true, "nobody is asked", null);
  }
}
