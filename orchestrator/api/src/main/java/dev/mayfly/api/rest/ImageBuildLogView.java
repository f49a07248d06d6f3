package dev.mayfly.api.rest;

import java.util.List;

/**
 * A build and what its builder said.
 *
 * @param lines those that follow the cursor, at most as many as were asked for
 * @param cursor for the lines after these
 * @param complete the build has ended, and there are no lines after these
 */
public record ImageBuildLogView(
    ImageBuildView build, List<ImageBuildLineView> lines, String cursor, boolean complete) {}
