package dev.mayfly.cli;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How many columns our output has room for. */
final class TerminalWidth {
  /** What is not shown on a terminal is not cut. */
  static final int UNBOUNDED = Integer.MAX_VALUE;

  /** Less than this shows nothing anyway. */
  private static final int LEAST = 20;

  private static final int MOST = 10_000;
  private static final int STTY_MILLIS = 500;
  private static final Pattern COLUMNS = Pattern.compile("[0-9]{1,5}");
  private static final Pattern STTY = Pattern.compile("[0-9]+ ([0-9]{1,5})");

  private TerminalWidth() {}

  /** What COLUMNS says, else the terminal, else no limit. */
  static int of(Map<String, String> environment) throws InterruptedException {
    String said = environment.getOrDefault("COLUMNS", "");
    if (COLUMNS.matcher(said).matches()) {
      return bounded(Integer.parseInt(said));
    }
    Console console = System.console();
    return console != null && console.isTerminal() ? terminal() : UNBOUNDED;
  }

  private static int bounded(int columns) {
    return columns < LEAST || columns > MOST ? UNBOUNDED : columns;
  }

  /** The JDK cannot ask the terminal; every Linux has a program that can. */
  private static int terminal() throws InterruptedException {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(new File("/dev/tty"))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (InputStream out = stty.getInputStream()) {
        if (!stty.waitFor(STTY_MILLIS, TimeUnit.MILLISECONDS)) {
          stty.destroyForcibly();
          return UNBOUNDED;
        }
        String size = new String(out.readNBytes(64), StandardCharsets.US_ASCII).strip();
        Matcher matcher = STTY.matcher(size);
        return matcher.matches() ? bounded(Integer.parseInt(matcher.group(1))) : UNBOUNDED;
      }
    } catch (IOException noStty) {
      return UNBOUNDED;
    }
  }
}
