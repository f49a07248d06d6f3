package dev.mayfly.api.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A bundle: what the orchestrator has of it, and what workers have.
 *
 * @param servable whether the orchestrator has it; when not, everything about its content is absent
 * @param name the image name it was built for
 * @param sizeBytes of all its files
 * @param manifest its canonical text
 * @param images names that point to it now
 */
public record BundleView(
    String digest,
    boolean servable,
    @Nullable String name,
    @Nullable String architecture,
    @Nullable Long sizeBytes,
    @Nullable String storedAt,
    @Nullable BundleContentView content,
    @Nullable String manifest,
    List<BundleSignatureText> signatures,
    List<BundleFileView> files,
    List<String> images,
    List<BundleOnWorkerView> workers) {}
