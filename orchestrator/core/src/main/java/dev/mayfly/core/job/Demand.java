package dev.mayfly.core.job;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.Label;
import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Everything about a job that placement looks at. Jobs with equal demands wait for the same
 * reasons, so these are worked out and stored once for all of them.
 *
 * @param architecture of the bundle: {@code x86_64} or {@code aarch64}
 * @param labels all of which the worker must have
 */
public record Demand(
    ProjectName project,
    Priority priority,
    ImageRef image,
    BundleDigest bundle,
    String architecture,
    Shape shape,
    SortedSet<Label> labels) {

  public Demand {
    labels = Collections.unmodifiableSortedSet(new TreeSet<>(labels));
  }

  /** The same text for equal demands, and for no others. */
  public String key() {
    return String.join(
        "|",
        project.value(),
        priority.name(),
        image.value(),
        bundle.value(),
        architecture,
        shape.cpus() + "/" + shape.memoryMib() + "/" + shape.scratchMib(),
        labels.stream().map(Label::value).collect(Collectors.joining(",")));
  }
}
