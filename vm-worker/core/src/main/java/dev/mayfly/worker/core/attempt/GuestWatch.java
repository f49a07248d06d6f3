package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.worker.core.attempt.AttemptMessage.Alarm;
import dev.mayfly.worker.core.guest.GuestException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Whether a guest that is set up still lives: its VMM, its conversation, its answers. Owned by the
 * attempt's owner.
 */
final class GuestWatch {
  /** A third of {@link Preparation#ORPHAN_LIMIT}: two pings may be lost. */
  static final Duration PING_PERIOD = Duration.ofSeconds(40);

  /** A guest with a thousand processes under emulation answers late. */
  static final Duration PING_LIMIT = Duration.ofSeconds(60);

  static final int PINGS_LOST_LIMIT = 3;

  /** How long to wait for the second of two signs that a microVM is gone. */
  static final Duration DEATH_NOTICE = Duration.ofSeconds(2);

  private final LiveGuest guest;
  private final GuestCalls calls;
  private final Alarms alarms;
  private final BooleanSupplier holdingBack;
  private final Consumer<AttemptMessage> post;
  private @Nullable GuestException lost;
  private OptionalInt vmmExit = OptionalInt.empty();
  private int pingsLost;

  /**
   * A watch that has not begun.
   *
   * @param holdingBack whether the log is full, so that the guest's answers wait behind its output
   */
  GuestWatch(
      LiveGuest guest,
      GuestCalls calls,
      Alarms alarms,
      BooleanSupplier holdingBack,
      Consumer<AttemptMessage> post) {
    this.guest = guest;
    this.calls = calls;
    this.alarms = alarms;
    this.holdingBack = holdingBack;
    this.post = post;
  }

  void begin() {
    // A conversation that merely ended is told by the exec, after its last output is safe.
    guest
        .session()
        .over()
        .thenAccept(failure -> {
          if (failure.kind() == GuestException.Kind.VIOLATION) {
            post.accept(new AttemptMessage.GuestLost(failure));
          }
        });
    if (!guest.console()) {
      guest.vm().exited().thenAccept(code -> post.accept(new AttemptMessage.VmmExited(code)));
    }
    alarms.set(Alarm.PING_DUE, PING_PERIOD);
  }

  /** Asks the guest whether it lives. */
  void ping() {
    calls.ping(
        guest.session(),
        PING_LIMIT,
        answered -> post.accept(new AttemptMessage.PingEnded(answered)));
  }

  /** Returns the fault when the guest is lost for certain. */
  Optional<Outcome.Faulted> onLost(GuestException failure) {
    if (guest.console() && guest.vm().exited().isDone()) {
      // Its VMM ends whenever it does: its console says how.
      vmmExit = OptionalInt.of(guest.vm().exited().join());
    }
    if (failure.kind() == GuestException.Kind.VIOLATION || vmmExit.isPresent()) {
      return Optional.of(fault(failure));
    }
    if (lost == null) {
      lost = failure;
      alarms.set(Alarm.DEATH_CERTAIN, DEATH_NOTICE);
    }
    return Optional.empty();
  }

  /** As {@link #onLost}. */
  Optional<Outcome.Faulted> onVmmExited(int code) {
    vmmExit = OptionalInt.of(code);
    if (lost != null) {
      return Optional.of(fault(lost));
    }
    // What the guest said last may still be on its way through the channel.
    alarms.set(Alarm.DEATH_CERTAIN, DEATH_NOTICE);
    return Optional.empty();
  }

  /** The second sign did not come. */
  Outcome.Faulted onDeathCertain() {
    return fault(
        lost != null ? lost : new GuestException(GuestException.Kind.GONE, "the microVM ended"));
  }

  /** As {@link #onLost}. */
  Optional<Outcome.Faulted> onPingEnded(boolean answered) {
    pingsLost = answered || holdingBack.getAsBoolean() ? 0 : pingsLost + 1;
    if (pingsLost >= PINGS_LOST_LIMIT) {
      return Optional.of(
          OutcomePolicy.fault(
              FaultCode.GUEST_DIED,
              "the guest did not answer "
                  + PINGS_LOST_LIMIT
                  + " times in a row for "
                  + OutcomePolicy.seconds(PING_LIMIT)));
    }
    alarms.set(Alarm.PING_DUE, PING_PERIOD);
    return Optional.empty();
  }

  private Outcome.Faulted fault(GuestException failure) {
    return OutcomePolicy.lost(failure, vmmExit, guest.vm().diagnostics(), guest.vm().console());
  }
}
