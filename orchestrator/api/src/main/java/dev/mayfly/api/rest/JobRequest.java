package dev.mayfly.api.rest;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Body of {@code POST /api/v1/jobs}. Unknown members are refused. Absent members take the defaults
 * named here.
 *
 * @param image name and tag, for example {@code debian:12}; required
 * @param command argv; required without {@code session} and refused with it, 1 to {@value
 *     #MAX_ARGUMENTS} elements, {@value #MAX_COMMAND_BYTES} bytes of UTF-8 in all
 * @param environment names and values; with {@code secrets} at most {@value #MAX_ENVIRONMENT}
 *     entries, {@value #MAX_ENVIRONMENT_BYTES} bytes in all; names match {@code
 *     [A-Za-z_][A-Za-z0-9_]*}; default none
 * @param workingDirectory absolute path in the guest, made when absent; default the image's own
 * @param user name or {@code uid[:gid]}; default the image's own
 * @param shape size; each absent member takes its default of 1 CPU, 512 MiB memory, 2048 MiB
 *     scratch, or that of a size label
 * @param network {@code USER} (default) or {@code NONE}
 * @param timeoutSeconds limit of the run, 1 to {@value #MAX_TIMEOUT_SECONDS}; default {@value
 *     #DEFAULT_TIMEOUT_SECONDS}
 * @param secrets more of the environment, whose values are masked in the log; each at least {@value
 *     #MIN_SECRET_BYTES} bytes, no name that is in {@code environment}; default none
 * @param session makes it a session; default: the command is run
 * @param project a {@link dev.mayfly.api.ProjectName}; default {@code default}
 * @param priority a {@link dev.mayfly.api.Priority} name; default NORMAL
 * @param labels each a {@link dev.mayfly.api.Label}, at most {@value
 *     dev.mayfly.api.Label#MAX_LABELS}; only a worker that has them all takes it; one that is a
 *     {@link dev.mayfly.api.SizeLabel} sets the shape instead; default none
 * @param queueTimeoutSeconds limit of its wait for a worker, 1 to {@value
 *     #MAX_QUEUE_TIMEOUT_SECONDS}; default {@value #DEFAULT_QUEUE_TIMEOUT_SECONDS}
 * @param maxAttempts how often it is tried when the fault was not the user's, 1 to {@value
 *     #MAX_ATTEMPTS}; default {@value #DEFAULT_ATTEMPTS}
 * @param logLimitBytes of standard output and error of one attempt, {@value #MIN_LOG_LIMIT_BYTES}
 *     to {@value #MAX_LOG_LIMIT_BYTES}; default {@value #DEFAULT_LOG_LIMIT_BYTES}
 */
public record JobRequest(
    @Nullable String image,
    @Nullable List<String> command,
    @Nullable Map<String, String> environment,
    @Nullable String workingDirectory,
    @Nullable String user,
    @Nullable ShapeRequest shape,
    @Nullable String network,
    @Nullable Integer timeoutSeconds,
    @Nullable Map<String, String> secrets,
    @Nullable SessionRequest session,
    @Nullable String project,
    @Nullable String priority,
    @Nullable List<String> labels,
    @Nullable Integer queueTimeoutSeconds,
    @Nullable Integer maxAttempts,
    @Nullable Long logLimitBytes) {
  public static final int MAX_ARGUMENTS = 1024;
  public static final int MAX_COMMAND_BYTES = 256 * 1024;
  public static final int MAX_ENVIRONMENT = 1024;
  public static final int MAX_ENVIRONMENT_BYTES = 256 * 1024;
  public static final int MAX_PATH_LENGTH = 4096;
  public static final int MAX_TIMEOUT_SECONDS = 7 * 24 * 3600;
  public static final int DEFAULT_TIMEOUT_SECONDS = 3600;

  /** A shorter value would be masked all over the log. */
  public static final int MIN_SECRET_BYTES = 4;

  public static final int MAX_QUEUE_TIMEOUT_SECONDS = 7 * 24 * 3600;
  public static final int DEFAULT_QUEUE_TIMEOUT_SECONDS = 24 * 3600;
  public static final int MAX_ATTEMPTS = 10;
  public static final int DEFAULT_ATTEMPTS = 3;
  public static final long MIN_LOG_LIMIT_BYTES = 1024;
  public static final long MAX_LOG_LIMIT_BYTES = 10L * 1024 * 1024 * 1024;
  public static final long DEFAULT_LOG_LIMIT_BYTES = 100L * 1024 * 1024;

  /** Largest body of a request that is read at all, in bytes. */
  public static final int MAX_BODY_BYTES = 1024 * 1024;

  /** A batch with the defaults for everything else. */
  public JobRequest(
      @Nullable String image,
      @Nullable List<String> command,
      @Nullable Map<String, String> environment,
      @Nullable String workingDirectory,
      @Nullable String user,
      @Nullable ShapeRequest shape,
      @Nullable String network,
      @Nullable Integer timeoutSeconds) {
    this(
        image,
        command,
        environment,
        workingDirectory,
        user,
        shape,
        network,
        timeoutSeconds,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null);
  }

  /** Without the command and the environment: they may hold secrets. */
  @Override
  public String toString() {
    return "JobRequest[image=" + image + ", project=" + project + "]";
  }
}
