package dev.mayfly.server.http;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.api.rest.ImagePolicyChange;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.core.image.ImagePolicy;
import dev.mayfly.core.image.ScheduleForm;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Checks what a request says about a policy, every member of it. */
class ImagePolicyCheck {
  private static final Set<String> KERNELS = Set.of("stock", "minimal");

  /** What a worker can build without a file of the user's machine. */
  private static final List<String> SOURCES = List.of("recipe:", "registry:", "debian:", "alpine:");

  private final ScheduleForm schedules;

  ImagePolicyCheck(ScheduleForm schedules) {
    this.schedules = schedules;
  }

  /** Null when there are errors. */
  @Nullable ImagePolicy policy(
      @Nullable ImageRef name, ImagePolicyChange body, List<Problem.FieldError> errors) {
    String source = body.source();
    if (source != null) {
      check(source, errors);
    }
    String kernel = body.kernel();
    if (kernel != null && !KERNELS.contains(kernel)) {
      errors.add(new Problem.FieldError("kernel", "must be stock or minimal"));
    }
    String cron = body.refreshCron();
    if (cron != null) {
      schedules
          .problem(cron)
          .ifPresent(problem -> errors.add(new Problem.FieldError("refreshCron", problem)));
    }
    Integer watch = body.watchSeconds();
    range("watchSeconds", watch, ImagePolicyChange.MIN_WATCH, ImagePolicyChange.MAX_WATCH, errors);
    if (watch != null && source != null && !source.startsWith("registry:")) {
      errors.add(new Problem.FieldError("watchSeconds", "is only for a registry: source"));
    }
    Integer keep = body.keep();
    range("keep", keep, 1, ImagePolicyChange.MAX_KEEP, errors);
    Set<WorkerPoolName> pools = pools(body.prepullPools(), errors);
    if (name == null || !errors.isEmpty()) {
      return null;
    }
    return new ImagePolicy(
        name,
        Optional.ofNullable(source),
        Optional.ofNullable(kernel),
        Optional.ofNullable(cron),
        Optional.ofNullable(watch).map(Duration::ofSeconds),
        keep == null ? ImagePolicyChange.DEFAULT_KEEP : keep,
        Boolean.TRUE.equals(body.pinned()),
        pools,
        Optional.empty(),
        Optional.empty());
  }

  static void check(String source, List<Problem.FieldError> errors) {
    if (source.length() > ImagePolicyChange.MAX_SOURCE) {
      errors.add(
          new Problem.FieldError(
              "source", "is longer than " + ImagePolicyChange.MAX_SOURCE + " characters"));
    } else if (SOURCES.stream()
        .noneMatch(kind -> source.startsWith(kind) && source.length() > kind.length())) {
      errors.add(
          new Problem.FieldError(
              "source",
              "must be one of "
                  + String.join("…, ", SOURCES)
                  + "…: what else there is can only be built where its files are"));
    } else if (source.chars().anyMatch(c -> c <= ' ' || c >= 0x7f)) {
      errors.add(new Problem.FieldError("source", "holds a space or a character beyond ASCII"));
    }
  }

  private static void range(
      String field, @Nullable Integer value, int least, int most, List<Problem.FieldError> errors) {
    if (value != null && (value < least || value > most)) {
      errors.add(
          new Problem.FieldError(field, "is " + value + ", must be " + least + " to " + most));
    }
  }

  private static Set<WorkerPoolName> pools(
      @Nullable List<String> names, List<Problem.FieldError> errors) {
    Set<WorkerPoolName> pools = new HashSet<>();
    if (names == null) {
      return pools;
    }
    if (names.size() > ImagePolicyChange.MAX_POOLS) {
      errors.add(
          new Problem.FieldError("prepullPools", "are more than " + ImagePolicyChange.MAX_POOLS));
      return pools;
    }
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      try {
        pools.add(new WorkerPoolName(String.valueOf(name)));
      } catch (IllegalArgumentException invalid) {
        errors.add(
            new Problem.FieldError(
                "prepullPools[" + i + "]", String.valueOf(invalid.getMessage())));
      }
    }
    return pools;
  }
}
