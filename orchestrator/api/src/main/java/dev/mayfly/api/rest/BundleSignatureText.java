package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * A signature over a bundle's manifest.
 *
 * @param keyId the first 16 hexadecimal digits of the sha256 of the public key's
 *     SubjectPublicKeyInfo
 * @param signature Ed25519, 64 bytes in Base64
 */
public record BundleSignatureText(@Nullable String keyId, @Nullable String signature) {}
