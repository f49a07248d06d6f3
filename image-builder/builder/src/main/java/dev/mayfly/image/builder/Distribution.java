package dev.mayfly.image.builder;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which system an image is, as its {@code os-release} says (os-release(5)); empty where it does not
 * say.
 *
 * @param id for example {@code debian}
 * @param version for example {@code 12}
 * @param codename for example {@code bookworm}
 */
record Distribution(String id, String version, String codename) {
  static final Distribution UNKNOWN = new Distribution("", "", "");

  private static final Pattern LINE =
      Pattern.compile("(?m)^(ID|VERSION_ID|VERSION_CODENAME)=[\"']?([A-Za-z0-9._-]{1,64})[\"']?$");

  static Distribution parse(String osRelease) {
    Map<String, String> values = new LinkedHashMap<>();
    Matcher matcher = LINE.matcher(osRelease);
    while (matcher.find()) {
      values.put(matcher.group(1), matcher.group(2));
    }
    return new Distribution(
        values.getOrDefault("ID", ""),
        values.getOrDefault("VERSION_ID", ""),
        values.getOrDefault("VERSION_CODENAME", ""));
  }

  /** What tells this release from others: its codename, or its number. */
  String release() {
    return codename.isEmpty() ? version : codename;
  }
}
