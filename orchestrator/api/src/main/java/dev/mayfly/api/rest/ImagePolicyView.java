package dev.mayfly.api.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a name is kept; see {@link ImagePolicyChange}.
 *
 * @param lastWatchedAt when upstream was asked last; absent: never
 * @param lastRefreshedAt when it was built again last; absent: never
 */
public record ImagePolicyView(
    String image,
    @Nullable String source,
    @Nullable String kernel,
    @Nullable String refreshCron,
    @Nullable Integer watchSeconds,
    int keep,
    boolean pinned,
    List<String> prepullPools,
    @Nullable String lastWatchedAt,
    @Nullable String lastRefreshedAt) {}
