package dev.mayfly.it.guest;

import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestExec;
import java.util.Arrays;

/** Writes the rest of an input to an exec's stdin and closes it, or stops when its session ends. */
final class Feeder {
  private static final int PIECE = 50_000;

  private Feeder() {}

  /**
   * @param from how much of the input the guest has
   */
  static Thread start(GuestExec exec, byte[] input, long from) {
    return Thread.ofVirtual()
        .name("feeder-" + exec.id())
        .start(() -> {
          try {
            for (int at = (int) from; at < input.length; at += PIECE) {
              exec.stdin(Arrays.copyOfRange(input, at, Math.min(input.length, at + PIECE)));
            }
            exec.closeStdin();
          } catch (GuestException cut) {
            // The next session feeds on from what the guest has.
          } catch (InterruptedException given) {
            Thread.currentThread().interrupt();
          }
        });
  }
}
