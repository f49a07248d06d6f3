package dev.mayfly.worker.core.vm;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The life of a microVM as a pure function. One microVM serves one attempt: there is no way back
 * from {@link MicroVmState#CLAIMED} to {@link MicroVmState#READY}.
 */
public final class MicroVmMachine {
  private MicroVmMachine() {}

  /**
   * What one event does in one state.
   *
   * @param to empty: it cannot happen there
   */
  public record Row(MicroVmState from, MicroVmEvent event, Optional<MicroVmState> to) {}

  /** Every state with every event, in the order of their declarations. */
  public static List<Row> table() {
    var rows = new ArrayList<Row>();
    for (var state : MicroVmState.values()) {
      for (var event : MicroVmEvent.values()) {
        rows.add(new Row(state, event, next(state, event)));
      }
    }
    return List.copyOf(rows);
  }

  /** The state after an event; empty when the event cannot happen in this state (a bug). */
  public static Optional<MicroVmState> next(MicroVmState state, MicroVmEvent event) {
    return switch (event) {
      case BOOTED -> only(state, MicroVmState.ALLOCATED, MicroVmState.BOOTING);
      case ANSWERED -> only(state, MicroVmState.BOOTING, MicroVmState.READY);
      case ADOPTED -> only(state, MicroVmState.ALLOCATED, MicroVmState.CLAIMED);
      case CLAIMED -> only(state, MicroVmState.READY, MicroVmState.CLAIMED);
      case EXECUTED -> only(state, MicroVmState.CLAIMED, MicroVmState.EXECUTING);
      case REMOVED -> only(state, MicroVmState.STOPPING, MicroVmState.DESTROYED);
      case FAILED ->
          switch (state) {
            case ALLOCATED, BOOTING, READY, CLAIMED, EXECUTING, BROKEN ->
                Optional.of(MicroVmState.BROKEN);
            // Stopping goes on whatever else fails, and nothing can happen to what is gone.
            case STOPPING -> Optional.of(MicroVmState.STOPPING);
            case DESTROYED -> Optional.empty();
          };
      case STOPPED ->
          switch (state) {
            case ALLOCATED, BOOTING, READY, CLAIMED, EXECUTING, BROKEN, STOPPING ->
                Optional.of(MicroVmState.STOPPING);
            case DESTROYED -> Optional.of(MicroVmState.DESTROYED);
          };
    };
  }

  private static Optional<MicroVmState> only(
      MicroVmState state, MicroVmState from, MicroVmState to) {
    return state == from ? Optional.of(to) : Optional.empty();
  }
}
