package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.time.Duration;
import java.util.List;

/**
 * What this worker was asked to do.
 *
 * @param image the name the user asked for; for people
 * @param command argv, at least one
 * @param environment {@code NAME=value}; may hold secrets
 * @param workingDirectory absolute, made when absent; empty: the image's
 * @param user name or uid[:gid]; empty: the image's
 * @param timeout from the start of the command
 * @param assignedAt when the assignment came, on the monotonic clock
 */
public record AttemptSpec(
    AttemptLease lease,
    BundleDigest bundle,
    String image,
    Shape shape,
    List<String> command,
    List<String> environment,
    String workingDirectory,
    String user,
    Duration timeout,
    NetworkMode network,
    long assignedAt) {

  /** Longer than any job; keeps the arithmetic of deadlines far from overflow. */
  public static final Duration MAX_TIMEOUT = Duration.ofDays(30);

  public AttemptSpec {
    command = List.copyOf(command);
    environment = List.copyOf(environment);
    if (command.isEmpty()) {
      throw new IllegalArgumentException("command is empty");
    }
    if (!timeout.isPositive() || timeout.compareTo(MAX_TIMEOUT) > 0) {
      throw new IllegalArgumentException(
          "timeout is " + timeout.toSeconds() + " s, must be 1 to " + MAX_TIMEOUT.toSeconds());
    }
    if (!workingDirectory.isEmpty() && !workingDirectory.startsWith("/")) {
      throw new IllegalArgumentException("working directory is not absolute");
    }
  }

  /** Command and environment may hold secrets. */
  @Override
  public String toString() {
    return "AttemptSpec[" + lease + ", " + image + ", " + shape + "]";
  }
}
