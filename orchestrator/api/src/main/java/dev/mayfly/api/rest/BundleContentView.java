package dev.mayfly.api.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a bundle's manifest says.
 *
 * @param guest {@code AGENT} or {@code CONSOLE}
 * @param kernelRelease as {@code uname -r} says it
 * @param kernelFlavour whose kernel it is
 * @param kernelBytes size of the kernel's file
 * @param rootfsBytes size of the root disk; absent when there is none
 * @param source what it was made of, in the form {@code kind:reference}
 * @param sourceDigest of what it was made of
 * @param signatureKeys ids of the keys it is signed with
 */
public record BundleContentView(
    String guest,
    String kernelRelease,
    String kernelFlavour,
    long kernelBytes,
    @Nullable Long rootfsBytes,
    String source,
    String sourceDigest,
    String builderVersion,
    List<String> signatureKeys) {}
