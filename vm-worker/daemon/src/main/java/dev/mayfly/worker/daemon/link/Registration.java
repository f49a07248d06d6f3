package dev.mayfly.worker.daemon.link;

import dev.mayfly.api.WorkerId;
import dev.mayfly.worker.core.slot.HostCapacity;
import java.util.List;

/** What this worker says of itself when it registers; does not change while it runs. */
public record Registration(
    WorkerId id,
    String name,
    String version,
    String architecture,
    HostCapacity capacity,
    List<VmmFact> vmms,
    String hostKernel) {

  public Registration {
    vmms = List.copyOf(vmms);
  }
}
