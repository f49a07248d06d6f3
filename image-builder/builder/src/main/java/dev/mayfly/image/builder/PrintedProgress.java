package dev.mayfly.image.builder;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;

/** One line when a step begins, one for what happens in it, one when it has ended. */
final class PrintedProgress implements Progress {
  private final PrintWriter out;

  PrintedProgress(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void started(String step) {
    out.println("==> " + step);
    out.flush();
  }

  @Override
  public void noted(String detail) {
    out.println("    " + detail);
    out.flush();
  }

  @Override
  public void finished(String step, Duration took) {
    out.printf(Locale.ROOT, "    %s: done in %.1f s%n", step, took.toMillis() / 1e3);
    out.flush();
  }
}
