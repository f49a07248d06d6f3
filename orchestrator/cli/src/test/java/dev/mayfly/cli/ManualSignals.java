package dev.mayfly.cli;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Signals that a test gives. */
final class ManualSignals implements Signals {
  final CompletableFuture<ExitCode> ended = new CompletableFuture<>();
  private @Nullable Runnable action;

  @Override
  public synchronized void onInterrupt(Runnable wanted) {
    action = wanted;
  }

  @Override
  public void endNow(ExitCode code) {
    ended.complete(code);
  }

  synchronized void interrupt() {
    if (action == null) {
      throw new IllegalStateException("nobody watches for signals");
    }
    action.run();
  }
}
