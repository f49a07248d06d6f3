package dev.mayfly.image.builder;

import dev.mayfly.image.builder.Commands.Command;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The settings of the building machine's apt that say how to reach a mirror, and nothing else. They
 * may hold a proxy's password, so they go into a file of a work directory and never into arguments.
 */
final class HostAptSettings {
  private static final Pattern HOST_SETTING =
      Pattern.compile(
          "Acquire::(http|https|ftp)::(.*::)?(Proxy|Proxy-Auto-Detect|CaInfo|SslCert|SslKey|Timeout) \"[^\"]*\";");

  private HostAptSettings() {}

  /** In apt.conf's own form; empty where nothing is set. */
  static String read(Commands commands) throws BuildException, InterruptedException {
    StringBuilder kept = new StringBuilder();
    commands.mustRun(
        new Command(
            List.of("apt-config", "dump", "--format", "%F \"%v\";%n", "Acquire"), Map.of(), ""),
        in -> {
          for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
            if (HOST_SETTING.matcher(line).matches()) {
              kept.append(line).append('\n');
            }
          }
        },
        line -> {});
    return kept.toString();
  }
}
