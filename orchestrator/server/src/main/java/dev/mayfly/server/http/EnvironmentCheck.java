package dev.mayfly.server.http;

import dev.mayfly.api.rest.JobRequest;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Checks the environment and the secrets of a request, which share their limits. */
final class EnvironmentCheck {
  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  private final RequestErrors errors;
  private final SortedMap<String, String> environment = new TreeMap<>();
  private final SortedMap<String, String> secrets = new TreeMap<>();
  private long bytes;

  private EnvironmentCheck(RequestErrors errors) {
    this.errors = errors;
  }

  /** What is in the environment, without and with its value masked; apart from each other. */
  record Checked(SortedMap<String, String> environment, SortedMap<String, String> secrets) {}

  static Checked check(JobRequest request, RequestErrors errors) {
    EnvironmentCheck check = new EnvironmentCheck(errors);
    check.take("environment", request.environment(), 0, check.environment);
    int before = request.environment() == null ? 0 : request.environment().size();
    check.take("secrets", request.secrets(), before, check.secrets);
    check.secrets.forEach(check::secret);
    return new Checked(check.environment, check.secrets);
  }

  private void take(
      String member,
      @Nullable Map<String, @Nullable String> given,
      int before,
      SortedMap<String, String> checked) {
    if (given == null
        || errors.tooMany(
            member,
            given.size(),
            JobRequest.MAX_ENVIRONMENT - Math.min(before, JobRequest.MAX_ENVIRONMENT),
            before == 0 ? "entries" : "entries besides those of environment")) {
      return;
    }
    for (Map.Entry<String, @Nullable String> entry : given.entrySet()) {
      String name = entry.getKey();
      String field = member + "." + RequestErrors.printable(name);
      if (!VARIABLE.matcher(name).matches()) {
        errors.add(field, "is not a name: use letters, digits and underscores");
        continue;
      }
      String value = errors.text(field, entry.getValue());
      if (entry.getValue() != null) {
        bytes += RequestErrors.utf8(name) + RequestErrors.utf8(value);
        checked.put(name, value);
      }
    }
    errors.tooManyBytes(member, bytes, JobRequest.MAX_ENVIRONMENT_BYTES);
  }

  private void secret(String name, String value) {
    if (environment.containsKey(name)) {
      errors.add("secrets." + name, "is in environment too: name it in one of them");
    }
    // Its length only: the value itself must not be in an answer.
    if (RequestErrors.utf8(value) < JobRequest.MIN_SECRET_BYTES) {
      errors.add(
          "secrets." + name,
          "is shorter than "
              + JobRequest.MIN_SECRET_BYTES
              + " bytes, which would mask half of the log: put it into environment");
    }
  }
}
