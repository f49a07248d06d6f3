package dev.mayfly.api.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Body of {@code PUT /api/v1/bundles/{digest}}: stores a bundle whose blobs are stored.
 *
 * @param manifest its canonical text, required; the sha256 of its UTF-8 bytes is the digest; at
 *     most {@value #MAX_MANIFEST_BYTES} bytes
 * @param signatures over those bytes, at most {@value #MAX_SIGNATURES}; absent: none. They are
 *     added to those that are stored
 */
public record BundlePublication(
    @Nullable String manifest, @Nullable List<BundleSignatureText> signatures) {
  public static final int MAX_MANIFEST_BYTES = 64 * 1024;
  public static final int MAX_SIGNATURES = 8;
}
