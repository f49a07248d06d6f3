package dev.mayfly.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of a job that say where, when and how often it runs. */
final class PlacementOptions {

  @Option(
      names = "--project",
      paramLabel = "NAME",
      description = "whose share and cap it counts against (default: default)")
  @Nullable String project;

  @Option(
      names = "--priority",
      paramLabel = "CLASS",
      description = "low, normal, high or urgent; a higher class goes first (default normal)")
  @Nullable String priority;

  @Option(
      names = "--label",
      paramLabel = "LABEL",
      description =
          "only workers that have it, for example gpu or pool=fast; mayfly-4cpu-8gb sets the size;"
              + " may be repeated")
  List<String> labels = new ArrayList<>();

  @Option(
      names = "--queue-timeout",
      paramLabel = "TIME",
      converter = Durations.class,
      description = "end the job when it has waited so long for a worker (default 1d)")
  @Nullable Integer queueTimeoutSeconds;

  @Option(
      names = "--max-attempts",
      paramLabel = "N",
      description = "how often to try when the fault was not yours (default 3)")
  @Nullable Integer maxAttempts;

  @Option(
      names = "--log-limit",
      paramLabel = "SIZE",
      converter = ByteSizes.class,
      description = "cut the log of an attempt there, for example 64K or 1G (default 100M)")
  @Nullable Long logLimitBytes;

  /** The name REST has for the class; the server knows which there are. */
  @Nullable String priorityName() {
    return priority == null ? null : priority.toUpperCase(Locale.ROOT);
  }

  @Nullable List<String> labelsOrNone() {
    return labels.isEmpty() ? null : labels;
  }
}
