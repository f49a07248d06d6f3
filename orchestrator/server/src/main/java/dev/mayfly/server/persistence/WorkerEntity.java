package dev.mayfly.server.persistence;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.Vmm;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Arrays;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A row of {@code worker}. */
@Entity
@Table(name = "worker")
@SuppressWarnings("NullAway.Init") // Hibernate fills the fields.
class WorkerEntity {
  private static final String SEPARATOR = "\t";
  private static final int VMM_FIELDS = 5;

  @Id UUID id;
  String name;
  String state;
  String version;
  String architecture;

  @Column(name = "host_kernel")
  String hostKernel;

  int cpus;

  @Column(name = "memory_mib")
  int memoryMib;

  @Column(name = "scratch_mib")
  int scratchMib;

  String[] vmms;
  String[] bundles;

  @Column(name = "last_seen_at")
  Instant lastSeenAt;

  WorkerEntity() {}

  void set(Worker worker) {
    id = worker.id().value();
    name = worker.name();
    state = worker.state().name();
    version = worker.version();
    architecture = worker.architecture();
    hostKernel = worker.hostKernel();
    cpus = worker.capacity().cpus();
    memoryMib = worker.capacity().memoryMib();
    scratchMib = worker.capacity().scratchMib();
    vmms = worker.vmms().stream().map(WorkerEntity::text).toArray(String[]::new);
    setBundles(worker.bundles());
    lastSeenAt = worker.lastSeenAt();
  }

  void setBundles(Set<BundleDigest> ready) {
    bundles = ready.stream().map(BundleDigest::value).sorted().toArray(String[]::new);
  }

  Worker toWorker() {
    return new Worker(
        new WorkerId(id),
        name,
        WorkerState.valueOf(state),
        version,
        architecture,
        hostKernel,
        new Capacity(cpus, memoryMib, scratchMib),
        Arrays.stream(vmms).map(WorkerEntity::vmm).toList(),
        Arrays.stream(bundles).map(BundleDigest::new).collect(Collectors.toSet()),
        lastSeenAt);
  }

  private static String text(Vmm vmm) {
    return Stream.of(
            vmm.name(),
            vmm.version(),
            vmm.accelerator(),
            Boolean.toString(vmm.usable()),
            vmm.reason())
        .map(field -> field.replace(SEPARATOR, " "))
        .collect(Collectors.joining(SEPARATOR));
  }

  private static Vmm vmm(String text) {
    String[] fields = text.split(SEPARATOR, VMM_FIELDS);
    return new Vmm(fields[0], fields[1], fields[2], Boolean.parseBoolean(fields[3]), fields[4]);
  }
}
