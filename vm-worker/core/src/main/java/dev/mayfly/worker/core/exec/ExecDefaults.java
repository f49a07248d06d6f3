package dev.mayfly.worker.core.exec;

import java.util.ArrayList;
import java.util.List;

/**
 * What holds for every exec of an attempt that does not say otherwise.
 *
 * @param environment {@code NAME=value}; may hold secrets
 * @param workingDirectory absolute; empty: the root directory
 * @param user name or uid[:gid]; empty: root
 */
public record ExecDefaults(List<String> environment, String workingDirectory, String user) {

  public ExecDefaults {
    environment = List.copyOf(environment);
  }

  /** These, but what is said here, where it is not empty. */
  public ExecDefaults with(List<String> moreEnvironment, String directory, String otherUser) {
    return new ExecDefaults(
        merged(environment, moreEnvironment),
        directory.isEmpty() ? workingDirectory : directory,
        otherUser.isEmpty() ? user : otherUser);
  }

  /** Each name once, so that it does not depend on the guest which of two values counts. */
  private static List<String> merged(List<String> under, List<String> over) {
    var merged = new ArrayList<>(under);
    for (var variable : over) {
      var name = variable.substring(0, Math.max(0, variable.indexOf('=') + 1));
      merged.removeIf(known -> !name.isEmpty() && known.startsWith(name));
      merged.add(variable);
    }
    return merged;
  }

  /** The environment may hold secrets. */
  @Override
  public String toString() {
    return "ExecDefaults[" + workingDirectory + ", " + user + "]";
  }
}
