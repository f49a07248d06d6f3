package dev.mayfly.core.job;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.Label;
import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Everything about a job that placement looks at. Jobs with equal demands wait for the same
 * reasons, so these are worked out and stored once for all of them.
 *
 * @param bundle empty: the image is still to be built, and placement waits for it
 * @param architecture of the bundle: {@code x86_64} or {@code aarch64}; empty as long as there is
 *     none
 * @param labels all of which the worker must have
 */
public record Demand(
    ProjectName project,
    Priority priority,
    ImageRef image,
    Optional<BundleDigest> bundle,
    String architecture,
    Shape shape,
    SortedSet<Label> labels) {

  public Demand {
    if (bundle.isEmpty() != architecture.isEmpty()) {
      throw new IllegalArgumentException("bundle and architecture are known together");
    }
    labels = Collections.unmodifiableSortedSet(new TreeSet<>(labels));
  }

  /** The same demand once the image it waits for is there. */
  public Demand with(BundleDigest built, String builtFor) {
    return new Demand(project, priority, image, Optional.of(built), builtFor, shape, labels);
  }

  /** The same text for equal demands, and for no others. */
  public String key() {
    return String.join(
        "|",
        project.value(),
        priority.name(),
        image.value(),
        bundle.map(BundleDigest::value).orElse(""),
        architecture,
        shape.cpus() + "/" + shape.memoryMib() + "/" + shape.scratchMib(),
        labels.stream().map(Label::value).collect(Collectors.joining(",")));
  }
}
