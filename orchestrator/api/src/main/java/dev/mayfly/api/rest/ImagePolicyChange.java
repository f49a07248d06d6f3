package dev.mayfly.api.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Body of {@code PUT /api/v1/image-policies/{name}}: how a name is kept, in place of what was.
 *
 * @param source what it is built of, in the one-line form of an image source, such as {@code
 *     registry:docker.io/library/maven:3}; absent: it is published from outside
 * @param kernel {@code stock} or {@code minimal}; absent: the builder's default
 * @param refreshCron when it is built again, in Quartz's form ({@code 0 0 3 * * ?}); absent: never
 *     by schedule
 * @param watchSeconds how often upstream is asked whether the tag moved, {@value #MIN_WATCH} to
 *     {@value #MAX_WATCH}; absent: never
 * @param keep how many versions are kept, the present one included, 1 to {@value #MAX_KEEP};
 *     default {@value #DEFAULT_KEEP}
 * @param pinned workers fetch it at once and never remove it to make room; default false
 * @param prepullPools worker pools whose workers fetch each new version at once, at most {@value
 *     #MAX_POOLS}; absent: none
 */
public record ImagePolicyChange(
    @Nullable String source,
    @Nullable String kernel,
    @Nullable String refreshCron,
    @Nullable Integer watchSeconds,
    @Nullable Integer keep,
    @Nullable Boolean pinned,
    @Nullable List<String> prepullPools) {
  public static final int MIN_WATCH = 60;
  public static final int MAX_WATCH = 604_800;
  public static final int MAX_KEEP = 100;
  public static final int DEFAULT_KEEP = 3;
  public static final int MAX_POOLS = 64;
  public static final int MAX_SOURCE = 1024;
}
