package dev.mayfly.cli;

import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.PhaseView;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Lays out text in columns. */
final class Tables {
  private static final String GAP = "  ";
  private static final double MICROS_PER_MILLI = 1000.0;

  private Tables() {}

  /** Left-aligned columns as wide as their widest cell; the first row is the heading. */
  static String of(List<List<String>> rows) {
    StringBuilder text = new StringBuilder();
    for (String line : lines(rows)) {
      text.append(line).append('\n');
    }
    return text.toString();
  }

  /** The same, line by line. */
  static List<String> lines(List<List<String>> rows) {
    int columns = rows.get(0).size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], Output.oneLine(row.get(i)).length());
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        String cell = Output.oneLine(row.get(i));
        line.append(cell).append(" ".repeat(widths[i] - cell.length())).append(GAP);
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }

  /** A line of bounded length. */
  static String cut(String line, int most) {
    return line.codePointCount(0, line.length()) <= most
        ? line
        : line.substring(0, line.offsetByCodePoints(0, most - 1)) + "…";
  }

  /** Where the time of a job went: each phase, since it was queued, and since the phase before. */
  static String timings(JobView job) {
    StringBuilder text = new StringBuilder();
    text.append(String.format(Locale.ROOT, "%-10s %14s %14s%n", "phase", "since queued", "delta"));
    long before = 0;
    for (PhaseView phase : job.phases()) {
      text.append(
          String.format(
              Locale.ROOT,
              "%-10s %11.1f ms %11.1f ms%n",
              phase.phase().toLowerCase(Locale.ROOT),
              phase.micros() / MICROS_PER_MILLI,
              (phase.micros() - before) / MICROS_PER_MILLI));
      before = phase.micros();
    }
    return text.toString();
  }

  /** How long ago an RFC 3339 time was, in one unit. */
  static String ago(String time, Instant now) {
    Duration age;
    try {
      age = Duration.between(Instant.parse(time), now);
    } catch (DateTimeException unreadable) {
      return "?";
    }
    long seconds = Math.max(0, age.toSeconds());
    if (seconds < 120) {
      return seconds + "s";
    }
    if (seconds < 2 * 3600) {
      return seconds / 60 + "m";
    }
    return seconds < 2 * 86_400 ? seconds / 3600 + "h" : seconds / 86_400 + "d";
  }

  static String size(long bytes) {
    if (bytes < 10 * 1024) {
      return bytes + " B";
    }
    return bytes < 10 * 1024 * 1024 ? bytes / 1024 + " KiB" : bytes / (1024 * 1024) + " MiB";
  }

  /** Adds a line of a name and its value, unless there is none or it is empty. */
  static void line(StringBuilder text, String name, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      text.append(String.format(Locale.ROOT, "%-12s %s%n", name, Output.oneLine(value)));
    }
  }

  /** A command on one line of bounded length. */
  static String command(List<String> command, int most) {
    List<String> words = new ArrayList<>();
    for (String word : command) {
      boolean plain = !word.isEmpty() && word.chars().noneMatch(c -> c <= ' ' || c == '\'');
      words.add(plain ? word : "'" + word + "'");
    }
    return cut(Output.oneLine(String.join(" ", words)), most);
  }
}
