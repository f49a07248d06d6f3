package dev.mayfly.cli;

import dev.mayfly.client.MayflyException;
import dev.mayfly.client.RemoteExec;

/**
 * What Ctrl-C does while a command runs in a session: the command gets SIGINT, as it would here;
 * one that does not heed it is killed by the next; after that we end.
 */
final class ExecSignals {
  private final RemoteExec exec;
  private final Output output;
  private final Signals signals;
  private final int patience;
  private int count;

  ExecSignals(RemoteExec exec, Output output, Signals signals, int patience) {
    this.exec = exec;
    this.output = output;
    this.signals = signals;
    this.patience = patience;
  }

  void watch() {
    signals.onInterrupt(this::interrupted);
  }

  private synchronized void interrupted() {
    count++;
    if (count > patience + 1) {
      signals.endNow(ExitCode.INTERRUPTED);
    } else if (count > patience) {
      inBackground("KILL");
    } else {
      inBackground("INT");
    }
  }

  /** Nobody reads its output any more. */
  void kill() throws InterruptedException {
    send("KILL");
  }

  /** On a thread of its own: a signal must be taken at once, and the output goes on meanwhile. */
  private void inBackground(String signal) {
    Thread.ofVirtual()
        .name("signal")
        .start(() -> {
          try {
            send(signal);
          } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
          }
        });
  }

  private void send(String signal) throws InterruptedException {
    try {
      exec.signal(signal, true);
    } catch (MayflyException failure) {
      output.sayIfPossible(
          "the command could not be told SIG" + signal + ": " + failure.getMessage());
    }
  }
}
