package dev.mayfly.cli;

import sun.misc.Signal;

/** The real ones. */
final class ProcessSignals implements Signals {

  @Override
  public void onInterrupt(Runnable action) {
    for (String name : new String[] {"INT", "TERM", "HUP"}) {
      try {
        Signal.handle(new Signal(name), signal -> action.run());
      } catch (IllegalArgumentException taken) {
        // The JVM was told to leave this one alone (-Xrs), so it ends us as it always did.
        continue;
      }
    }
  }

  @Override
  public void endNow(ExitCode code) {
    Runtime.getRuntime().halt(code.code());
  }
}
