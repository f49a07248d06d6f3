package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.Secrets;
import java.time.Duration;
import java.util.List;

/**
 * What this worker was asked to do.
 *
 * @param image the name the user asked for; for people
 * @param command argv of a batch, empty: what the image says; of a session empty
 * @param environment {@code NAME=value}, of every exec of a session; may hold secrets
 * @param workingDirectory absolute, made when absent; empty: the image's
 * @param user name or uid[:gid]; empty: the image's
 * @param timeout of a batch from the start of its command, of a session from the guest being set up
 * @param session no command: execs come until it is released
 * @param idleLimit of a session: how long no exec may be open; zero: without limit
 * @param secrets what must not appear in the log; never on disk
 * @param logLimitBytes of stdout and stderr in all
 * @param preface what the log begins with: lines of ours about what happened before
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
    boolean session,
    Duration idleLimit,
    Secrets secrets,
    long logLimitBytes,
    List<String> preface,
    long assignedAt) {

  /** More than an assignment may bring. */
  public static final int MAX_PREFACE_LINES = 32;

  /** Longer lines are cut. */
  public static final int MAX_PREFACE_LINE = 500;

  /** Longer than any job; keeps the arithmetic of deadlines far from overflow. */
  public static final Duration MAX_TIMEOUT = Duration.ofDays(30);

  /** For an assignment that names no log limit: 1 GiB. */
  public static final long DEFAULT_LOG_LIMIT_BYTES = 1L << 30;

  public AttemptSpec {
    command = List.copyOf(command);
    environment = List.copyOf(environment);
    if (preface.size() > MAX_PREFACE_LINES) {
      throw new IllegalArgumentException("preface has more than " + MAX_PREFACE_LINES + " lines");
    }
    preface = preface.stream().map(AttemptSpec::oneLine).toList();
    if (session && !command.isEmpty()) {
      throw new IllegalArgumentException("a session has no command of its own");
    }
    if (idleLimit.isNegative() || idleLimit.compareTo(MAX_TIMEOUT) > 0) {
      throw new IllegalArgumentException(
          "idle limit is " + idleLimit.toSeconds() + " s, must be 0 to " + MAX_TIMEOUT.toSeconds());
    }
    if (logLimitBytes < 1) {
      throw new IllegalArgumentException("log limit is " + logLimitBytes + ", must be 1 or more");
    }
    if (!timeout.isPositive() || timeout.compareTo(MAX_TIMEOUT) > 0) {
      throw new IllegalArgumentException(
          "timeout is " + timeout.toSeconds() + " s, must be 1 to " + MAX_TIMEOUT.toSeconds());
    }
    if (!workingDirectory.isEmpty() && !workingDirectory.startsWith("/")) {
      throw new IllegalArgumentException("working directory is not absolute");
    }
  }

  /** Without a preface. */
  public AttemptSpec(
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
      boolean session,
      Duration idleLimit,
      Secrets secrets,
      long logLimitBytes,
      long assignedAt) {
    this(
        lease,
        bundle,
        image,
        shape,
        command,
        environment,
        workingDirectory,
        user,
        timeout,
        network,
        session,
        idleLimit,
        secrets,
        logLimitBytes,
        List.of(),
        assignedAt);
  }

  private static String oneLine(String text) {
    String line = text.replaceAll("\\p{Cntrl}", " ");
    return line.length() <= MAX_PREFACE_LINE ? line : line.substring(0, MAX_PREFACE_LINE);
  }

  /** Command and environment may hold secrets. */
  @Override
  public String toString() {
    return "AttemptSpec[" + lease + ", " + image + ", " + shape + "]";
  }
}
