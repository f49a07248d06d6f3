package dev.mayfly.server.http;

import dev.mayfly.api.rest.Problem;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Signals by name, as Linux numbers them on x86_64 and aarch64 (signal(7)). */
final class SignalNames {
  private static final int LAST = 64;

  private static final Map<String, Integer> NUMBERS =
      Map.ofEntries(
          Map.entry("HUP", 1),
          Map.entry("INT", 2),
          Map.entry("QUIT", 3),
          Map.entry("ABRT", 6),
          Map.entry("KILL", 9),
          Map.entry("USR1", 10),
          Map.entry("USR2", 12),
          Map.entry("PIPE", 13),
          Map.entry("ALRM", 14),
          Map.entry("TERM", 15),
          Map.entry("CONT", 18),
          Map.entry("STOP", 19),
          Map.entry("TSTP", 20),
          Map.entry("WINCH", 28));

  private SignalNames() {}

  /**
   * The number of a signal that was asked for by name, with or without SIG, or by number.
   *
   * @throws RefusedRequestException when it is neither
   */
  static int number(@Nullable Object asked) {
    if (asked instanceof Integer number && number >= 1 && number <= LAST) {
      return number;
    }
    if (asked instanceof String text) {
      String name = text.toUpperCase(Locale.ROOT);
      Integer known = NUMBERS.get(name.startsWith("SIG") ? name.substring(3) : name);
      if (known != null) {
        return known;
      }
    }
    throw new RefusedRequestException(
        Problems.invalid(
            List.of(
                new Problem.FieldError(
                    "signal",
                    "must be a number from 1 to "
                        + LAST
                        + " or one of "
                        + String.join(", ", NUMBERS.keySet().stream().sorted().toList())))));
  }
}
