package dev.mayfly.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What the check program has said: a line a check, {@code pass NAME}, {@code fail NAME REASON} or
 * {@code skip NAME REASON}, and {@code info NAME VALUE} beside. The guest may say anything.
 */
record CheckList(List<Line> lines) {

  /** How a check ended, or that the line is for information only. */
  enum Result {
    PASS,
    FAIL,
    SKIP,
    INFO
  }

  /**
   * One line.
   *
   * @param detail the reason or value; empty where there is none
   */
  record Line(Result result, String name, String detail) {}

  CheckList {
    lines = List.copyOf(lines);
  }

  /** Reads the output; what is no such line counts as a failure, for then it is not the list. */
  static CheckList parse(String output) {
    List<Line> lines = new ArrayList<>();
    for (String line : output.split("\n")) {
      if (!line.isBlank()) {
        lines.add(parseLine(line));
      }
    }
    return new CheckList(lines);
  }

  private static Line parseLine(String line) {
    String[] words = line.split(" ", 3);
    for (Result result : Result.values()) {
      if (words.length > 1 && words[0].equals(result.name().toLowerCase(Locale.ROOT))) {
        return new Line(result, words[1], words.length > 2 ? words[2] : "");
      }
    }
    return new Line(Result.FAIL, "output", "not understood: " + line);
  }

  long count(Result result) {
    return lines.stream().filter(line -> line.result() == result).count();
  }

  /** Something was checked, and nothing failed. */
  boolean passed() {
    return count(Result.PASS) > 0 && count(Result.FAIL) == 0;
  }

  /** {@code 33 passed, 0 failed, 0 skipped}. */
  String summary() {
    return count(Result.PASS)
        + " passed, "
        + count(Result.FAIL)
        + " failed, "
        + count(Result.SKIP)
        + " skipped";
  }
}
