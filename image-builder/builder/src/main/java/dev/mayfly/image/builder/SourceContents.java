package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.BundleManifest.Source;

/**
 * What a source has given: everything of a bundle but the kernel and the agent.
 *
 * @param architecture as {@code uname -m} says it
 * @param sourceSeconds when the source was made, seconds since 1970; 0: it does not say
 * @param keepTimes whether files keep their times of modification; else all have sourceSeconds
 * @param packages tells the packages in it
 */
record SourceContents(
    SystemFiles files,
    String architecture,
    Defaults defaults,
    Source source,
    long sourceSeconds,
    boolean keepTimes,
    PackageRecord packages) {}
