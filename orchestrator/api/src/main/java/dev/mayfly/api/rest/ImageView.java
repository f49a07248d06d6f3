package dev.mayfly.api.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An image name and the bundle it points to now.
 *
 * @param sizeBytes of all files of the bundle
 * @param version the number of what it points to, from 1; see {@link ImageVersionView}
 * @param cachedOn names of the workers that have it ready
 * @param servable whether the orchestrator can serve the bundle to a worker that lacks it
 * @param bundle what is in it; absent when the orchestrator does not have the bundle
 * @param policy how the name is kept; absent when nobody said
 * @param workers what workers have, fetch or could not fetch of the bundle
 */
public record ImageView(
    String name,
    String bundleDigest,
    String architecture,
    long sizeBytes,
    String publishedAt,
    int version,
    List<String> cachedOn,
    boolean servable,
    @Nullable BundleContentView bundle,
    @Nullable ImagePolicyView policy,
    List<BundleOnWorkerView> workers) {}
