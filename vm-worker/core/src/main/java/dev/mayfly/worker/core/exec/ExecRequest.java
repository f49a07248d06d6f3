package dev.mayfly.worker.core.exec;

import dev.mayfly.worker.core.log.Secrets;
import java.time.Duration;
import java.util.List;

/**
 * One exec that was asked for.
 *
 * @param number per job: 0 is the command of a batch, those of a session count from 1
 * @param command argv of a COMMAND, at least one; else empty
 * @param environment {@code NAME=value}, over that of the attempt; may hold secrets
 * @param workingDirectory absolute, made when absent; empty: that of the attempt
 * @param user name or uid[:gid]; empty: that of the attempt
 * @param stdinOpen whether a COMMAND gets input; an UPLOAD always does
 * @param timeout from its start; zero: none of its own
 * @param path of a transfer, absolute: the directory to unpack into, or what to pack; else empty
 * @param limitBytes of a transfer: how long its tar stream may be
 * @param secrets known from now on, in addition to those known before
 */
public record ExecRequest(
    int number,
    ExecKind kind,
    List<String> command,
    List<String> environment,
    String workingDirectory,
    String user,
    boolean stdinOpen,
    Duration timeout,
    String path,
    long limitBytes,
    Secrets secrets) {

  /** Beyond any session; so that what is remembered of each number is bounded. */
  public static final int MAX_NUMBER = 1_000_000;

  /** As long as any job may take. */
  public static final Duration MAX_TIMEOUT = Duration.ofDays(30);

  public ExecRequest {
    command = List.copyOf(command);
    environment = List.copyOf(environment);
    if (number < 0 || number > MAX_NUMBER) {
      throw new IllegalArgumentException(
          "exec number is " + number + ", must be 0 to " + MAX_NUMBER);
    }
    if (!workingDirectory.isEmpty() && !workingDirectory.startsWith("/")) {
      throw new IllegalArgumentException("working directory of the exec is not absolute");
    }
    if (timeout.isNegative() || timeout.compareTo(MAX_TIMEOUT) > 0) {
      throw new IllegalArgumentException(
          "timeout of the exec is "
              + timeout.toSeconds()
              + " s, must be 0 to "
              + MAX_TIMEOUT.toSeconds());
    }
    switch (kind) {
      case COMMAND -> {
        if (command.isEmpty()) {
          throw new IllegalArgumentException("command of the exec is empty");
        }
      }
      case UPLOAD, DOWNLOAD -> {
        if (!path.startsWith("/")) {
          throw new IllegalArgumentException("path of the transfer is not absolute");
        }
        if (limitBytes < 1) {
          throw new IllegalArgumentException("limit of the transfer must be 1 byte or more");
        }
      }
    }
  }

  /** The command of a batch, which runs as the attempt says. */
  public static ExecRequest batch(List<String> command) {
    return new ExecRequest(
        0, ExecKind.COMMAND, command, List.of(), "", "", false, Duration.ZERO, "", 0, Secrets.NONE);
  }

  /** Whether its process reads what is given as input. */
  public boolean takesInput() {
    return switch (kind) {
      case COMMAND -> stdinOpen;
      case UPLOAD -> true;
      case DOWNLOAD -> false;
    };
  }

  /** Command and environment may hold secrets. */
  @Override
  public String toString() {
    return "ExecRequest[" + number + ", " + kind + "]";
  }
}
