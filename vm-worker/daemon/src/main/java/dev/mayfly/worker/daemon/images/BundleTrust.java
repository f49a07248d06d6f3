package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.BundleSignature;
import dev.mayfly.image.bundle.TrustedKeys;
import dev.mayfly.worker.core.bundle.BundleFailure;
import java.util.Collection;
import java.util.Optional;

/**
 * Whether a bundle may be booted as far as its signatures go. Pure.
 *
 * @param keys empty: signatures are not asked for
 */
public record BundleTrust(Optional<TrustedKeys> keys) {

  /** Every bundle whose digests are right may be booted. */
  public static BundleTrust everything() {
    return new BundleTrust(Optional.empty());
  }

  /**
   * Returns when it may.
   *
   * @throws BundleFailure UNTRUSTED
   */
  void require(byte[] manifest, Collection<BundleSignature> signatures) throws BundleFailure {
    if (keys.isPresent() && keys.get().signer(manifest, signatures).isEmpty()) {
      throw new BundleFailure(
          BundleFailure.Kind.UNTRUSTED,
          "this worker boots signed images only, and this one has "
              + (signatures.isEmpty()
                  ? "no signature"
                  : "no signature by a key that the worker trusts")
              + ": sign it with mayfly image sign, or put the public key into the worker's"
              + " mayfly.worker.trusted-keys",
          null);
    }
  }
}
