package dev.mayfly.api.rest;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Body of {@code POST /api/v1/jobs}. Unknown members are refused. Absent members take the defaults
 * named here.
 *
 * @param image name and tag, for example {@code debian:12}; required
 * @param command argv; required, 1 to {@value #MAX_ARGUMENTS} elements, {@value #MAX_COMMAND_BYTES}
 *     bytes of UTF-8 in all
 * @param environment names and values; at most {@value #MAX_ENVIRONMENT} entries, {@value
 *     #MAX_ENVIRONMENT_BYTES} bytes in all; names match {@code [A-Za-z_][A-Za-z0-9_]*}; default
 *     none
 * @param workingDirectory absolute path in the guest, made when absent; default {@code /workspace}
 * @param user name or {@code uid[:gid]}; default root
 * @param shape size; each absent member takes its default of 1 CPU, 512 MiB memory, 2048 MiB
 *     scratch
 * @param network {@code USER} (default) or {@code NONE}
 * @param timeoutSeconds limit of the run, 1 to {@value #MAX_TIMEOUT_SECONDS}; default {@value
 *     #DEFAULT_TIMEOUT_SECONDS}
 */
public record JobRequest(
    @Nullable String image,
    @Nullable List<String> command,
    @Nullable Map<String, String> environment,
    @Nullable String workingDirectory,
    @Nullable String user,
    @Nullable ShapeRequest shape,
    @Nullable String network,
    @Nullable Integer timeoutSeconds) {
  public static final int MAX_ARGUMENTS = 1024;
  public static final int MAX_COMMAND_BYTES = 256 * 1024;
  public static final int MAX_ENVIRONMENT = 1024;
  public static final int MAX_ENVIRONMENT_BYTES = 256 * 1024;
  public static final int MAX_PATH_LENGTH = 4096;
  public static final int MAX_TIMEOUT_SECONDS = 7 * 24 * 3600;
  public static final int DEFAULT_TIMEOUT_SECONDS = 3600;
  public static final String DEFAULT_WORKING_DIRECTORY = "/workspace";

  /** Largest body of a request that is read at all, in bytes. */
  public static final int MAX_BODY_BYTES = 1024 * 1024;
}
