package dev.mayfly.worker.daemon.images;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How the image cache is set up.
 *
 * @param seed the store of the image builder on this host; empty: none
 * @param memory where it is remembered which files have been checked
 * @param maxBytes of all that is pulled; what lies in the seed too does not count
 * @param connections how many files come at once for jobs
 * @param pullLimit how long a job waits for its bundle
 * @param architecture only bundles of this one can be booted here
 */
public record CacheOptions(
    Path directory,
    Optional<Path> seed,
    Path memory,
    long maxBytes,
    int connections,
    Duration pullLimit,
    String architecture,
    BundleTrust trust) {}
