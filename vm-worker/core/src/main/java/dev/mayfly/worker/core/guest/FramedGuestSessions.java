package dev.mayfly.worker.core.guest;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** Opens conversations in the framed guest protocol, version 1. Thread-safe. */
public final class FramedGuestSessions implements GuestSessions {
  private final RandomGenerator nonces;

  /**
   * @param nonces thread-safe and not to be guessed by a guest: a {@code SecureRandom}, but in
   *     tests
   */
  public FramedGuestSessions(RandomGenerator nonces) {
    this.nonces = nonces;
  }

  @Override
  public GuestSession open(GuestChannel channel, boolean again, Duration timeout)
      throws GuestException, InterruptedException {
    byte[] nonce = new byte[GuestFrameCodec.NONCE_BYTES];
    nonces.nextBytes(nonce);
    FramedGuestSession session = new FramedGuestSession(channel, nonce);
    boolean opened = false;
    try {
      session.open(again, timeout);
      opened = true;
      return session;
    } finally {
      if (!opened) {
        session.close();
      }
    }
  }
}
