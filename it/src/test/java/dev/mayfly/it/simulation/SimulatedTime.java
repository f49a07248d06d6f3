package dev.mayfly.it.simulation;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/** The one clock and the one queue of events; equal times keep the order of their making. */
final class SimulatedTime {
  private static final Instant START = Instant.parse("2026-11-21T10:00:00Z");

  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          Comparator.comparingLong((Event event) -> event.due)
              .thenComparingLong(event -> event.order));
  private long now;
  private long made;

  /** Something that is to happen. */
  final class Event {
    private final long order;
    private final @Nullable SimulatedProcess owner;
    private final Runnable action;
    private long due;

    private Event(long due, @Nullable SimulatedProcess owner, Runnable action) {
      this.due = due;
      this.order = made++;
      this.owner = owner;
      this.action = action;
    }

    void cancel() {
      events.remove(this);
    }
  }

  /** Nanoseconds since the start. */
  long now() {
    return now;
  }

  Instant instant() {
    return START.plusNanos(now).truncatedTo(ChronoUnit.MICROS);
  }

  InstantSource clock() {
    return this::instant;
  }

  /** Nobody's event: a fault, or something of the world. */
  Event after(Duration delay, Runnable action) {
    return add(now + Math.max(0, delay.toNanos()), null, action);
  }

  /** An event that a process lives to see, or not. */
  Event at(long due, SimulatedProcess owner, Runnable action) {
    return add(Math.max(now, due), owner, action);
  }

  private Event add(long due, @Nullable SimulatedProcess owner, Runnable action) {
    Event event = new Event(due, owner, action);
    events.add(event);
    return event;
  }

  /** Lets the next event happen; false when there is none before the end. */
  boolean step(long end) {
    while (true) {
      Event next = events.peek();
      if (next == null || next.due > end) {
        now = end;
        return false;
      }
      events.poll();
      SimulatedProcess owner = next.owner;
      if (owner != null && !owner.alive()) {
        continue;
      }
      if (owner != null && owner.frozenUntil() > next.due) {
        // It keeps its place among what this process missed meanwhile.
        next.due = owner.frozenUntil();
        events.add(next);
        continue;
      }
      now = next.due;
      if (owner == null) {
        next.action.run();
      } else {
        owner.run(next.action);
      }
      return true;
    }
  }

  /** How many events of a process are to come. */
  long pendingOf(SimulatedProcess owner) {
    return events.stream().filter(event -> event.owner == owner).count();
  }
}
