package dev.mayfly.core.fleet;

import java.time.Instant;

/** What can happen to a worker. */
public sealed interface WorkerEvent {

  /** What is seen of the worker; it moves its {@link WorkerState}. */
  sealed interface Presence extends WorkerEvent {

    /** It connected and said who it is. */
    record Registered() implements Presence {}

    record Heartbeat() implements Presence {}

    /** Its connection ended without a word. */
    record Disconnected() implements Presence {}

    /** It was not heard of for several heartbeats. */
    record SilenceNoticed() implements Presence {}

    /** It was not heard of for longer than any lease of its lasts. */
    record LeasesOver() implements Presence {}

    /** It said that it shuts down. */
    record Left() implements Presence {}
  }

  /** What is wanted of the worker; it moves its {@link Duty}. */
  sealed interface Order extends WorkerEvent {

    /** A person wants it to take no new work. */
    record Drain(Instant at) implements Order {}

    /** A person wants it to take work again. */
    record Resume() implements Order {}

    /** It must take no new work until a person resumes it. */
    record Quarantine(String reason, Instant at) implements Order {}
  }
}
