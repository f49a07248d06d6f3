package dev.mayfly.server.http;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.api.rest.ShapeRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Checks a {@link JobRequest} member by member; finds all errors, not only the first. */
final class JobRequestCheck {
  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  /** As useradd takes names, or numbers. */
  private static final Pattern USER =
      Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]{0,31}|\\d{1,10}(:\\d{1,10})?");

  private static final long MAX_ID = 0xFFFF_FFFEL;

  /** More errors than this help nobody. */
  private static final int MAX_ERRORS = 50;

  private final List<Problem.FieldError> errors = new ArrayList<>();

  private JobRequestCheck() {}

  /**
   * @throws RefusedRequestException when anything is wrong
   */
  static CheckedJobRequest check(JobRequest request) {
    JobRequestCheck check = new JobRequestCheck();
    ImageRef image = check.image(request.image());
    List<String> command = check.command(request.command());
    SortedMap<String, String> environment = check.environment(request.environment());
    String directory = check.workingDirectory(request.workingDirectory());
    String user = check.user(request.user());
    Shape shape = check.shape(request.shape());
    NetworkMode network = check.network(request.network());
    int timeout =
        check.within(
            "timeoutSeconds",
            request.timeoutSeconds(),
            1,
            JobRequest.MAX_TIMEOUT_SECONDS,
            JobRequest.DEFAULT_TIMEOUT_SECONDS);
    if (image == null || shape == null || !check.errors.isEmpty()) {
      throw new RefusedRequestException(
          Problems.invalid(check.errors.stream().limit(MAX_ERRORS).toList()));
    }
    return new CheckedJobRequest(
        image, command, environment, directory, user, shape, network, timeout);
  }

  private void error(String field, String message) {
    errors.add(new Problem.FieldError(field, message));
  }

  private @Nullable ImageRef image(@Nullable String name) {
    if (name == null) {
      error("image", "is required, for example debian:12");
      return null;
    }
    try {
      return new ImageRef(name);
    } catch (IllegalArgumentException invalid) {
      error("image", String.valueOf(invalid.getMessage()));
      return null;
    }
  }

  private List<String> command(@Nullable List<@Nullable String> command) {
    if (command == null || command.isEmpty()) {
      error("command", "is required: at least one element, the program");
      return List.of();
    }
    if (command.size() > JobRequest.MAX_ARGUMENTS) {
      error(
          "command",
          "has "
              + command.size()
              + " elements, at most "
              + JobRequest.MAX_ARGUMENTS
              + " are taken");
      return List.of();
    }
    List<String> checked = new ArrayList<>();
    long bytes = 0;
    for (int i = 0; i < command.size(); i++) {
      String argument = text("command[" + i + "]", command.get(i));
      bytes += utf8(argument);
      checked.add(argument);
    }
    if (command.getFirst() != null && checked.getFirst().isEmpty()) {
      error("command[0]", "is empty, must be the program");
    }
    tooMany("command", bytes, JobRequest.MAX_COMMAND_BYTES);
    return checked;
  }

  private SortedMap<String, String> environment(
      @Nullable Map<String, @Nullable String> environment) {
    SortedMap<String, String> checked = new TreeMap<>();
    if (environment == null) {
      return checked;
    }
    if (environment.size() > JobRequest.MAX_ENVIRONMENT) {
      error(
          "environment",
          "has "
              + environment.size()
              + " entries, at most "
              + JobRequest.MAX_ENVIRONMENT
              + " are taken");
      return checked;
    }
    long bytes = 0;
    for (Map.Entry<String, @Nullable String> entry : environment.entrySet()) {
      String name = entry.getKey();
      if (!VARIABLE.matcher(name).matches()) {
        error(
            "environment." + printable(name), "is not a name: use letters, digits and underscores");
        continue;
      }
      String value = text("environment." + printable(name), entry.getValue());
      bytes += utf8(name) + utf8(value);
      checked.put(name, value);
    }
    tooMany("environment", bytes, JobRequest.MAX_ENVIRONMENT_BYTES);
    return checked;
  }

  private String workingDirectory(@Nullable String path) {
    if (path == null) {
      return JobRequest.DEFAULT_WORKING_DIRECTORY;
    }
    String checked = text("workingDirectory", path);
    if (!path.startsWith("/")) {
      error("workingDirectory", "is not absolute: it must begin with /");
    }
    tooMany("workingDirectory", utf8(checked), JobRequest.MAX_PATH_LENGTH);
    return checked;
  }

  private String user(@Nullable String user) {
    if (user == null) {
      return "";
    }
    if (!USER.matcher(user).matches()) {
      error("user", "is neither a name nor uid or uid:gid, for example 1000:1000");
    } else if (Character.isDigit(user.charAt(0))) {
      boolean inRange =
          Arrays.stream(user.split(":", 2)).allMatch(id -> Long.parseLong(id) <= MAX_ID);
      if (!inRange) {
        error("user", "has a number above " + MAX_ID);
      }
    }
    return user;
  }

  private @Nullable Shape shape(@Nullable ShapeRequest request) {
    ShapeRequest asked = request == null ? new ShapeRequest(null, null, null) : request;
    Shape fallback = Shape.DEFAULT;
    int before = errors.size();
    int cpus = within("shape.cpus", asked.cpus(), Shape.MIN_CPUS, Shape.MAX_CPUS, fallback.cpus());
    int memory =
        within(
            "shape.memoryMib",
            asked.memoryMib(),
            Shape.MIN_MEMORY_MIB,
            Shape.MAX_MEMORY_MIB,
            fallback.memoryMib());
    int scratch =
        within(
            "shape.scratchMib",
            asked.scratchMib(),
            Shape.MIN_SCRATCH_MIB,
            Shape.MAX_SCRATCH_MIB,
            fallback.scratchMib());
    return errors.size() > before ? null : new Shape(cpus, memory, scratch);
  }

  private NetworkMode network(@Nullable String network) {
    if (network == null) {
      return NetworkMode.USER;
    }
    for (NetworkMode mode : NetworkMode.values()) {
      if (mode.name().equals(network)) {
        return mode;
      }
    }
    error(
        "network",
        "must be one of "
            + Arrays.stream(NetworkMode.values())
                .map(Enum::name)
                .collect(Collectors.joining(", ")));
    return NetworkMode.USER;
  }

  private int within(String field, @Nullable Integer value, int least, int most, int fallback) {
    if (value == null) {
      return fallback;
    }
    if (value < least || value > most) {
      error(field, "is " + value + ", must be " + least + " to " + most);
    }
    return value;
  }

  /** What a guest can take as text: no NUL, no half of a surrogate pair. */
  private String text(String field, @Nullable String value) {
    if (value == null) {
      error(field, "is null, must be a text");
      return "";
    }
    if (value.indexOf('\0') >= 0) {
      error(field, "holds a NUL character");
    } else if (!StandardCharsets.UTF_8.newEncoder().canEncode(value)) {
      error(field, "holds half of a surrogate pair, which is no character");
    }
    return value;
  }

  private void tooMany(String field, long bytes, int most) {
    if (bytes > most) {
      error(field, "is " + bytes + " bytes of UTF-8, at most " + most + " are taken");
    }
  }

  private static int utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static String printable(String name) {
    String shown = name.length() > 40 ? name.substring(0, 40) + "…" : name;
    return shown.replaceAll("\\p{C}", "?");
  }
}
