package dev.mayfly.cli;

import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.SessionRequest;
import dev.mayfly.api.rest.ShapeRequest;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What a job is asked for with, whether it runs a command or is a session. */
final class JobOptions {
  @Option(
      names = "--image",
      required = true,
      paramLabel = "NAME",
      description = "image to boot, for example debian:12")
  String image = "";

  @Option(names = "--cpus", paramLabel = "N", description = "virtual CPUs (default 1)")
  @Nullable Integer cpus;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      converter = Sizes.class,
      description = "memory, for example 512M or 4G (default 512M)")
  @Nullable Integer memoryMib;

  @Option(
      names = "--scratch",
      paramLabel = "SIZE",
      converter = Sizes.class,
      description = "writable disk (default 2G)")
  @Nullable Integer scratchMib;

  @Mixin VariableOptions variables = new VariableOptions();

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = Durations.class,
      description = "end the job when it has run so long: 30s, 10m, 1h30m (default 1h)")
  @Nullable Integer timeoutSeconds;

  @Option(
      names = {"-w", "--workdir"},
      paramLabel = "DIR",
      description = "directory in the guest, made when absent (default: the image's own)")
  @Nullable String workingDirectory;

  @Option(
      names = {"-u", "--user"},
      paramLabel = "USER",
      description = "name or uid[:gid] in the guest (default: the image's own)")
  @Nullable String user;

  @Option(
      names = "--network",
      paramLabel = "MODE",
      description = "user: connections out, none in; or none (default user)")
  @Nullable String network;

  @Mixin PlacementOptions placement = new PlacementOptions();

  /**
   * The request.
   *
   * @param command null for a session
   * @param session null for a command
   */
  JobRequest request(
      Surroundings surroundings, @Nullable List<String> command, @Nullable SessionRequest session)
      throws CommandFailed {
    boolean shaped = cpus != null || memoryMib != null || scratchMib != null;
    return new JobRequest(
        image,
        command,
        variables.visible(surroundings),
        workingDirectory,
        user,
        shaped ? new ShapeRequest(cpus, memoryMib, scratchMib) : null,
        networkMode(),
        timeoutSeconds,
        variables.masked(surroundings),
        session,
        placement.project,
        placement.priorityName(),
        placement.labelsOrNone(),
        placement.queueTimeoutSeconds,
        placement.maxAttempts,
        placement.logLimitBytes);
  }

  private @Nullable String networkMode() throws CommandFailed {
    if (network == null) {
      return null;
    }
    try {
      return NetworkMode.valueOf(network.toUpperCase(Locale.ROOT)).name();
    } catch (IllegalArgumentException unknown) {
      throw new CommandFailed(ExitCode.USAGE, "--network is user or none");
    }
  }
}
