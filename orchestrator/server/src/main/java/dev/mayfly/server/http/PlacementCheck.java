package dev.mayfly.server.http;

import dev.mayfly.api.Label;
import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import dev.mayfly.api.SizeLabel;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.ShapeRequest;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Checks the members of a request that say where a job may run. */
final class PlacementCheck {
  private final RequestErrors errors;
  private final SortedSet<Label> labels = new TreeSet<>();
  private @Nullable Sized size;

  private PlacementCheck(RequestErrors errors) {
    this.errors = errors;
  }

  private record Sized(String label, Shape shape) {}

  /** Where a job may run; of no use when there were errors. */
  record Checked(ProjectName project, Priority priority, Shape shape, SortedSet<Label> labels) {}

  static Checked check(JobRequest request, RequestErrors errors) {
    PlacementCheck check = new PlacementCheck(errors);
    check.labels(request.labels());
    Shape shape = check.shape(request.shape());
    return new Checked(
        check.project(request.project()),
        errors.oneOf("priority", Priority.class, request.priority(), Priority.NORMAL),
        shape,
        check.labels);
  }

  private ProjectName project(@Nullable String name) {
    if (name == null) {
      return ProjectName.DEFAULT;
    }
    try {
      return new ProjectName(name);
    } catch (IllegalArgumentException wrong) {
      errors.add("project", String.valueOf(wrong.getMessage()));
      return ProjectName.DEFAULT;
    }
  }

  private void labels(@Nullable List<@Nullable String> given) {
    if (given == null || errors.tooMany("labels", given.size(), Label.MAX_LABELS, "elements")) {
      return;
    }
    for (int i = 0; i < given.size(); i++) {
      String field = "labels[" + i + "]";
      String text = given.get(i);
      if (text == null) {
        errors.add(field, "is null, must be a text");
      } else if (!sets(field, text)) {
        try {
          labels.add(new Label(text));
        } catch (IllegalArgumentException wrong) {
          errors.add(field, String.valueOf(wrong.getMessage()));
        }
      }
    }
  }

  /** Whether the label is a size, right or wrong. */
  private boolean sets(String field, String label) {
    Optional<Shape> shape;
    try {
      shape = SizeLabel.shape(label);
    } catch (IllegalArgumentException impossible) {
      errors.add(field, "is a size that no microVM can have: " + impossible.getMessage());
      return true;
    }
    if (shape.isEmpty()) {
      return false;
    }
    if (size != null && !size.shape().equals(shape.get())) {
      errors.add(field, "is a size, and so is " + size.label() + ": give one of them");
    } else {
      size = new Sized(label, shape.get());
    }
    return true;
  }

  private Shape shape(@Nullable ShapeRequest request) {
    Shape fallback = size == null ? Shape.DEFAULT : size.shape();
    if (request == null) {
      return fallback;
    }
    int before = errors.count();
    int cpus = part("shape.cpus", request.cpus(), Shape.MIN_CPUS, Shape.MAX_CPUS, fallback.cpus());
    int memory =
        part(
            "shape.memoryMib",
            request.memoryMib(),
            Shape.MIN_MEMORY_MIB,
            Shape.MAX_MEMORY_MIB,
            fallback.memoryMib());
    int scratch =
        part(
            "shape.scratchMib",
            request.scratchMib(),
            Shape.MIN_SCRATCH_MIB,
            Shape.MAX_SCRATCH_MIB,
            fallback.scratchMib());
    return errors.count() > before ? fallback : new Shape(cpus, memory, scratch);
  }

  private int part(String field, @Nullable Integer value, int least, int most, int fallback) {
    if (size != null && value != null && value != fallback) {
      errors.add(
          field,
          "is "
              + value
              + ", but label "
              + size.label()
              + " says "
              + fallback
              + ": leave one of them out");
      return fallback;
    }
    return errors.within(field, value, least, most, fallback);
  }
}
