package dev.mayfly.api.rest;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Body of {@code POST /api/v1/jobs/{id}/execs}: a command in the microVM of a session. Unknown
 * members are refused. Texts are limited as those of a {@link JobRequest}.
 *
 * @param command argv; required
 * @param environment names and values, over those of the job; default none
 * @param secrets as environment, but their values, of at least {@value #MIN_SECRET_BYTES} bytes,
 *     are masked in the log; default none
 * @param workingDirectory absolute path in the guest, made when absent; default that of the job
 * @param user name or {@code uid[:gid]}; default that of the job
 * @param stdin whether its standard input is written by {@code POST .../stdin}; default false
 * @param timeoutSeconds limit of the exec, 1 to {@value JobRequest#MAX_TIMEOUT_SECONDS}; default
 *     none but the job's
 */
public record ExecRequest(
    @Nullable List<String> command,
    @Nullable Map<String, String> environment,
    @Nullable Map<String, String> secrets,
    @Nullable String workingDirectory,
    @Nullable String user,
    @Nullable Boolean stdin,
    @Nullable Integer timeoutSeconds) {

  /** Shorter ones would be found everywhere. */
  public static final int MIN_SECRET_BYTES = 4;

  public static final int MAX_SECRETS = 256;
  public static final int MAX_SECRET_BYTES = 64 * 1024;

  /** Largest body of {@code POST .../stdin}. */
  public static final int MAX_INPUT_BYTES = 1024 * 1024;

  /** What a transfer may hold when nothing else is asked for. */
  public static final long DEFAULT_TRANSFER_BYTES = 1L << 30;

  public static final long MAX_TRANSFER_BYTES = 16L << 30;

  /** A plain command. */
  public static ExecRequest of(String... command) {
    return new ExecRequest(List.of(command), null, null, null, null, null, null);
  }

  /** The same with its standard input open. */
  public ExecRequest withStdin() {
    return new ExecRequest(
        command, environment, secrets, workingDirectory, user, true, timeoutSeconds);
  }
}
