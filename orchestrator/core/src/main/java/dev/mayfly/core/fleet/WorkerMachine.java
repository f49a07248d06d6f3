package dev.mayfly.core.fleet;

import java.util.Optional;

/**
 * What each event makes of a worker. Pure and total. Whether a worker is there ({@link
 * WorkerState}) and whether it is meant to work ({@link Duty}) are two things: a worker that drains
 * may fall silent, come back, and still drains. What a worker runs goes on in every duty; only
 * leases end it.
 */
public final class WorkerMachine {

  private WorkerMachine() {}

  /** Whether new work may be given: it is online and on duty. */
  public static boolean takesWork(WorkerState state, Duty duty) {
    return state == WorkerState.ONLINE && duty instanceof Duty.Accepting;
  }

  /**
   * The state of a worker that registers.
   *
   * @param known what it was before; empty: never seen
   */
  public static WorkerState registered(Optional<WorkerState> known) {
    return known
        .map(state -> apply(state, new WorkerEvent.Presence.Registered()))
        .orElse(WorkerState.JOINING);
  }

  public static WorkerState apply(WorkerState state, WorkerEvent.Presence event) {
    return switch (event) {
      case WorkerEvent.Presence.Registered _ ->
          state == WorkerState.JOINING ? WorkerState.JOINING : WorkerState.ONLINE;
      // A worker that left may still beat while it shuts down; only registering brings it back.
      case WorkerEvent.Presence.Heartbeat _ ->
          state == WorkerState.LEFT ? WorkerState.LEFT : WorkerState.ONLINE;
      case WorkerEvent.Presence.Disconnected _, WorkerEvent.Presence.SilenceNoticed _ ->
          switch (state) {
            case JOINING, ONLINE, SILENT -> WorkerState.SILENT;
            case LOST -> WorkerState.LOST;
            case LEFT -> WorkerState.LEFT;
          };
      case WorkerEvent.Presence.LeasesOver _ ->
          switch (state) {
            case SILENT, LOST -> WorkerState.LOST;
            // Whoever is heard of has leases that go on; it falls silent first.
            case JOINING, ONLINE, LEFT -> state;
          };
      case WorkerEvent.Presence.Left _ -> WorkerState.LEFT;
    };
  }

  public static Duty apply(Duty duty, WorkerEvent.Order event) {
    return switch (event) {
      case WorkerEvent.Order.Drain(var at) ->
          switch (duty) {
            case Duty.Accepting _ -> new Duty.Draining(at);
            // Draining is asked for once; and a quarantine is the stronger of the two.
            case Duty.Draining _, Duty.Quarantined _ -> duty;
          };
      case WorkerEvent.Order.Resume _ -> new Duty.Accepting();
      case WorkerEvent.Order.Quarantine(String reason, var at) ->
          switch (duty) {
            case Duty.Accepting _, Duty.Draining _ -> new Duty.Quarantined(reason, at);
            // The first reason is what a person has to look at.
            case Duty.Quarantined _ -> duty;
          };
    };
  }
}
