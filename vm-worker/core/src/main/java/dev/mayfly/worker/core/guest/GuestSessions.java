package dev.mayfly.worker.core.guest;

import java.time.Duration;

/** Opens conversations with guests. */
public interface GuestSessions {

  /**
   * Says HELLO and waits for the answer. On failure the channel is closed.
   *
   * @param again the guest may have been talked to before: send the padding first
   * @param timeout for the answer; a cold guest under emulation boots for seconds
   * @throws GuestException TIMEOUT, VIOLATION or GONE
   */
  GuestSession open(GuestChannel channel, boolean again, Duration timeout)
      throws GuestException, InterruptedException;
}
