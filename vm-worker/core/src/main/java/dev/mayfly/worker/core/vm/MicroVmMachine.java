package dev.mayfly.worker.core.vm;

import java.util.Optional;

/**
 * The life of a microVM as a pure function. One microVM serves one attempt: there is no way back
 * from {@link MicroVmState#CLAIMED} to {@link MicroVmState#READY}.
 */
public final class MicroVmMachine {
  private MicroVmMachine() {}

  /** The state after an event; empty when the event cannot happen in this state (a bug). */
  public static Optional<MicroVmState> next(MicroVmState state, MicroVmEvent event) {
    return switch (event) {
      case BOOTED -> only(state, MicroVmState.ALLOCATED, MicroVmState.BOOTING);
      case ANSWERED -> only(state, MicroVmState.BOOTING, MicroVmState.READY);
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
