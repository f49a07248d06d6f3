package dev.mayfly.image.builder;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Says in one sentence why a bootstrap failed, from what apt and mmdebstrap printed, and what to
 * do.
 */
final class AptFailure {
  private static final Pattern UNREACHABLE =
      Pattern.compile(
          ".*(Could not resolve|Temporary failure resolving|Could not connect|Unable to connect|"
              + "Cannot initiate the connection|Connection failed|Connection refused|"
              + "Connection timed out|Network is unreachable|No route to host|"
              + "Could not handshake|Certificate verification failed).*");
  private static final Pattern NOT_THERE =
      Pattern.compile(".*(404 +Not Found|does not have a Release file|403 +Forbidden).*");
  private static final Pattern UNSIGNED =
      Pattern.compile(
          ".*(NO_PUBKEY|is not signed|The following signatures|EXPKEYSIG|BADSIG|"
              + "Release file .* (expired|is not valid)).*");
  private static final Pattern UNKNOWN_PACKAGE =
      Pattern.compile("E: Unable to locate package (.*)");
  private static final Pattern HOST = Pattern.compile("(?:https?|ftp)://(?:[^@/ ]*@)?([^/ ']+)");

  private AptFailure() {}

  static String explain(List<String> lines) {
    if (lines.stream().anyMatch(BuildSpace::isExhausted)) {
      return BuildSpace.EXHAUSTED;
    }
    String unreachable = first(UNREACHABLE, lines);
    if (!unreachable.isEmpty()) {
      return "the package mirror "
          + hosts(lines)
          + " cannot be reached ("
          + trimmed(unreachable)
          + "); check the network and the proxy in apt's settings, or name a mirror that works in"
          + " /etc/apt/sources.list.d or with --sources FILE";
    }
    String unsigned = first(UNSIGNED, lines);
    if (!unsigned.isEmpty()) {
      return "the package mirror "
          + hosts(lines)
          + " is not signed by a key this machine trusts ("
          + trimmed(unsigned)
          + "); install debian-archive-keyring, check the clock and the mirror";
    }
    String notThere = first(NOT_THERE, lines);
    if (!notThere.isEmpty()) {
      return "the package mirror "
          + hosts(lines)
          + " does not have what it should ("
          + trimmed(notThere)
          + "); try again later or name another mirror with --sources FILE";
    }
    String unknown = first(UNKNOWN_PACKAGE, lines);
    if (!unknown.isEmpty()) {
      return "the package sources lack a package of the recipe ("
          + trimmed(unknown)
          + "); check the sources in apt's settings or the recipe";
    }
    List<String> errors = lines.stream().filter(line -> line.startsWith("E: ")).toList();
    List<String> shown = errors.isEmpty() ? Commands.tail(lines, 5) : Commands.tail(errors, 5);
    return "mmdebstrap failed: " + String.join(" | ", shown);
  }

  private static String first(Pattern pattern, List<String> lines) {
    return lines.stream().filter(line -> pattern.matcher(line).matches()).findFirst().orElse("");
  }

  private static String hosts(List<String> lines) {
    Set<String> hosts = new LinkedHashSet<>();
    for (String line : lines) {
      if (line.startsWith("E: ") || line.startsWith("W: ") || line.startsWith("Err:")) {
        Matcher matcher = HOST.matcher(line);
        while (matcher.find()) {
          hosts.add(matcher.group(1));
        }
      }
    }
    return hosts.isEmpty() ? "" : String.join(", ", hosts);
  }

  private static String trimmed(String line) {
    String text = line.strip().replaceFirst("^(E|W|Err:\\d+):? +", "");
    // A mirror's address may carry a password.
    text = text.replaceAll("://[^@/ ]*@", "://");
    return text.length() > 300 ? text.substring(0, 300) + "…" : text;
  }
}
