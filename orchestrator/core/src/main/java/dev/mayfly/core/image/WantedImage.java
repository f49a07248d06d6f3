package dev.mayfly.core.image;

import java.time.Instant;
import java.util.Optional;

/**
 * A name as it counts for what workers should have.
 *
 * @param policy what nobody set is as {@link ImagePolicy#of} says
 * @param servable whether the orchestrator can serve its bundle
 * @param lastUsed when a job was submitted with it last
 */
public record WantedImage(
    Image image, ImagePolicy policy, boolean servable, Optional<Instant> lastUsed) {}
