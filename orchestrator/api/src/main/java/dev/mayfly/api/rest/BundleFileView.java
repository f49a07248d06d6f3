package dev.mayfly.api.rest;

/** A file of a bundle: its name in it, and the blob it is. */
public record BundleFileView(String name, String blobDigest, long sizeBytes) {}
