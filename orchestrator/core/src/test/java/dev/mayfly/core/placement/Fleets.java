package dev.mayfly.core.placement;

import static dev.mayfly.core.job.Examples.NOON;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.Label;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Vmm;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.Examples;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** Workers that differ from a good one in what a test is about. */
final class Fleets {
  static final Instant SILENT_SINCE = NOON.minusSeconds(15);

  private Fleets() {}

  /** A worker to be changed; everything about it is right. */
  static final class Builder {
    private final String name;
    private WorkerState state = WorkerState.ONLINE;
    private String architecture = "x86_64";
    private Capacity capacity = new Capacity(4, 8192, 40960);
    private boolean vmmWorks = true;
    private Set<BundleDigest> bundles = Set.of(Examples.BUNDLE);
    private Set<Label> labels = Set.of();
    private WorkerPoolName pool = WorkerPoolName.DEFAULT;
    private boolean builder;
    private Duty duty = new Duty.Accepting();
    private Instant seen = NOON;

    private Builder(String name) {
      this.name = name;
    }

    Builder state(WorkerState next) {
      state = next;
      return this;
    }

    Builder architecture(String next) {
      architecture = next;
      return this;
    }

    Builder capacity(int cpus, int memoryMib, int scratchMib) {
      capacity = new Capacity(cpus, memoryMib, scratchMib);
      return this;
    }

    Builder withoutVmm() {
      vmmWorks = false;
      return this;
    }

    Builder withoutImage() {
      bundles = Set.of();
      return this;
    }

    Builder label(String label) {
      labels = Set.of(new Label(label));
      return this;
    }

    Builder pool(String next) {
      pool = new WorkerPoolName(next);
      return this;
    }

    Builder buildsImages() {
      builder = true;
      return this;
    }

    Builder duty(Duty next) {
      duty = next;
      return this;
    }

    Builder seen(Instant at) {
      seen = at;
      return this;
    }

    Worker build() {
      return new Worker(
          new WorkerId(
              UUID.nameUUIDFromBytes(name.getBytes(java.nio.charset.StandardCharsets.UTF_8))),
          name,
          state,
          "0.1",
          architecture,
          "6.1.0",
          capacity,
          List.of(new Vmm("qemu", "7.2", "tcg", vmmWorks, "says so")),
          bundles,
          labels,
          pool,
          builder,
          duty,
          seen);
    }
  }

  static Builder worker(String name) {
    return new Builder(name);
  }

  static FleetView.Member idle(Worker worker) {
    return new FleetView.Member(worker, Capacity.NONE);
  }

  static FleetView.Member using(Worker worker, int cpus, int memoryMib) {
    return new FleetView.Member(worker, new Capacity(cpus, memoryMib, 0));
  }

  static FleetView fleet(FleetView.Member... members) {
    return new FleetView(List.of(members));
  }
}
