package dev.mayfly.worker.core.vm;

/** One microVM and where it is in its life. Thread-safe. */
public final class MicroVm {
  private final String name;
  private MicroVmState state = MicroVmState.ALLOCATED;

  public MicroVm(String name) {
    this.name = name;
  }

  public String name() {
    return name;
  }

  public synchronized MicroVmState state() {
    return state;
  }

  /**
   * Applies what happened.
   *
   * @throws IllegalStateException when that cannot happen now: a bug
   */
  public synchronized MicroVmState advance(MicroVmEvent event) {
    state =
        MicroVmMachine.next(state, event)
            .orElseThrow(() ->
                new IllegalStateException("microVM " + name + " is " + state + " on " + event));
    return state;
  }
}
