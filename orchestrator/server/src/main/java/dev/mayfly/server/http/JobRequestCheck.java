package dev.mayfly.server.http;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.SessionRequest;
import dev.mayfly.core.job.JobLimits;
import dev.mayfly.core.job.Workload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Checks a {@link JobRequest} member by member; finds all errors, not only the first. */
final class JobRequestCheck {

  /** As useradd takes names, or numbers. */
  private static final Pattern USER =
      Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]{0,31}|\\d{1,10}(:\\d{1,10})?");

  private static final long MAX_ID = 0xFFFF_FFFEL;

  private final RequestErrors errors = new RequestErrors();

  private JobRequestCheck() {}

  /**
   * @throws RefusedRequestException when anything is wrong
   */
  static CheckedJobRequest check(JobRequest request) {
    JobRequestCheck check = new JobRequestCheck();
    ImageRef image = check.image(request.image());
    Workload workload = check.workload(request);
    EnvironmentCheck.Checked environment = EnvironmentCheck.check(request, check.errors);
    String directory = check.workingDirectory(request.workingDirectory());
    String user = check.user(request.user());
    PlacementCheck.Checked placement = PlacementCheck.check(request, check.errors);
    NetworkMode network =
        check.errors.oneOf("network", NetworkMode.class, request.network(), NetworkMode.USER);
    JobLimits limits = check.limits(request);
    check.errors.refuseIfAny();
    if (image == null || workload == null) {
      throw check.errors.refusal();
    }
    return new CheckedJobRequest(
        image, workload, environment, directory, user, placement, network, limits);
  }

  private @Nullable ImageRef image(@Nullable String name) {
    if (name == null) {
      errors.add("image", "is required, for example debian:12");
      return null;
    }
    try {
      return new ImageRef(name);
    } catch (IllegalArgumentException invalid) {
      errors.add("image", String.valueOf(invalid.getMessage()));
      return null;
    }
  }

  private @Nullable Workload workload(JobRequest request) {
    SessionRequest session = request.session();
    if (session == null) {
      return new Workload.Batch(command(request.command()));
    }
    if (request.command() != null) {
      errors.add("command", "must be absent with session: its commands are the execs opened later");
    }
    int before = errors.count();
    int idle =
        errors.within(
            "session.idleSeconds",
            session.idleSeconds(),
            1,
            SessionRequest.MAX_IDLE_SECONDS,
            SessionRequest.DEFAULT_IDLE_SECONDS);
    int lease =
        errors.within(
            "session.leaseSeconds",
            session.leaseSeconds(),
            SessionRequest.MIN_LEASE_SECONDS,
            SessionRequest.MAX_LEASE_SECONDS,
            SessionRequest.DEFAULT_LEASE_SECONDS);
    return errors.count() > before
        ? null
        : new Workload.Session(Duration.ofSeconds(idle), Duration.ofSeconds(lease));
  }

  private List<String> command(@Nullable List<@Nullable String> command) {
    if (command == null || command.isEmpty()) {
      // What the image says; one that says nothing is refused in the guest, by name.
      return List.of();
    }
    if (errors.tooMany("command", command.size(), JobRequest.MAX_ARGUMENTS, "elements")) {
      return List.of();
    }
    List<String> checked = new ArrayList<>();
    long bytes = 0;
    for (int i = 0; i < command.size(); i++) {
      String argument = errors.text("command[" + i + "]", command.get(i));
      bytes += RequestErrors.utf8(argument);
      checked.add(argument);
    }
    if (command.getFirst() != null && checked.getFirst().isEmpty()) {
      errors.add("command[0]", "is empty, must be the program");
    }
    errors.tooManyBytes("command", bytes, JobRequest.MAX_COMMAND_BYTES);
    return checked;
  }

  /** Empty: that of the image. */
  private String workingDirectory(@Nullable String path) {
    if (path == null) {
      return "";
    }
    String checked = errors.text("workingDirectory", path);
    if (!path.startsWith("/")) {
      errors.add("workingDirectory", "is not absolute: it must begin with /");
    }
    errors.tooManyBytes(
        "workingDirectory", RequestErrors.utf8(checked), JobRequest.MAX_PATH_LENGTH);
    return checked;
  }

  private String user(@Nullable String user) {
    if (user == null) {
      return "";
    }
    if (!USER.matcher(user).matches()) {
      errors.add("user", "is neither a name nor uid or uid:gid, for example 1000:1000");
    } else if (Character.isDigit(user.charAt(0))) {
      boolean inRange =
          Arrays.stream(user.split(":", 2)).allMatch(id -> Long.parseLong(id) <= MAX_ID);
      if (!inRange) {
        errors.add("user", "has a number above " + MAX_ID);
      }
    }
    return user;
  }

  private JobLimits limits(JobRequest request) {
    int run =
        errors.within(
            "timeoutSeconds",
            request.timeoutSeconds(),
            1,
            JobRequest.MAX_TIMEOUT_SECONDS,
            JobRequest.DEFAULT_TIMEOUT_SECONDS);
    int queue =
        errors.within(
            "queueTimeoutSeconds",
            request.queueTimeoutSeconds(),
            1,
            JobRequest.MAX_QUEUE_TIMEOUT_SECONDS,
            JobRequest.DEFAULT_QUEUE_TIMEOUT_SECONDS);
    int attempts =
        errors.within(
            "maxAttempts",
            request.maxAttempts(),
            1,
            JobRequest.MAX_ATTEMPTS,
            JobRequest.DEFAULT_ATTEMPTS);
    long log =
        errors.within(
            "logLimitBytes",
            request.logLimitBytes(),
            JobRequest.MIN_LOG_LIMIT_BYTES,
            JobRequest.MAX_LOG_LIMIT_BYTES,
            JobRequest.DEFAULT_LOG_LIMIT_BYTES);
    // What is out of bounds is refused later, with all the rest; here it must only be a value.
    return new JobLimits(
        Duration.ofSeconds(Math.max(1, run)),
        Duration.ofSeconds(Math.max(1, queue)),
        Math.max(1, attempts),
        Math.max(1, log));
  }
}
