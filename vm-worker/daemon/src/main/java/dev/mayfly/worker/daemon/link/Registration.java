package dev.mayfly.worker.daemon.link;

import dev.mayfly.api.Label;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.worker.core.slot.HostCapacity;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/** What this worker says of itself when it registers; does not change while it runs. */
public record Registration(
    WorkerId id,
    String name,
    String version,
    String architecture,
    HostCapacity capacity,
    List<VmmFact> vmms,
    String hostKernel,
    SortedSet<Label> labels,
    WorkerPoolName pool) {

  public Registration {
    vmms = List.copyOf(vmms);
    labels = Collections.unmodifiableSortedSet(new TreeSet<>(labels));
  }
}
