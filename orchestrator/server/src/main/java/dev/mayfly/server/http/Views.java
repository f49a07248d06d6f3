package dev.mayfly.server.http;

import dev.mayfly.api.Label;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.rest.ShapeView;
import dev.mayfly.api.rest.WorkerView;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerStore;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Shows workers as REST records. */
class Views {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private final WorkerStore workers;

  Views(WorkerStore workers) {
    this.workers = workers;
  }

  static String time(Instant instant) {
    return TIME.format(instant);
  }

  static ShapeView shape(Shape shape) {
    return new ShapeView(shape.cpus(), shape.memoryMib(), shape.scratchMib());
  }

  static ShapeView shape(Capacity capacity) {
    return new ShapeView(capacity.cpus(), capacity.memoryMib(), capacity.scratchMib());
  }

  List<WorkerView> fleet() {
    return workers.fleet().members().stream().map(Views::worker).toList();
  }

  private static WorkerView worker(FleetView.Member member) {
    Worker worker = member.worker();
    return new WorkerView(
        worker.id().toString(),
        worker.name(),
        worker.state().name(),
        worker.version(),
        worker.architecture(),
        worker.hostKernel(),
        worker.labels().stream().sorted().map(Label::value).toList(),
        worker.pool().value(),
        duty(worker.duty()),
        worker.duty() instanceof Duty.Quarantined(String reason, var _) ? reason : null,
        since(worker.duty()),
        shape(worker.capacity()),
        shape(member.used()),
        worker.vmms().stream()
            .map(vmm ->
                new WorkerView.VmmView(
                    vmm.name(), vmm.version(), vmm.accelerator(), vmm.usable(), vmm.reason()))
            .toList(),
        worker.bundles().stream().map(digest -> digest.value()).sorted().toList(),
        time(worker.lastSeenAt()));
  }

  private static String duty(Duty duty) {
    return switch (duty) {
      case Duty.Accepting _ -> "ACCEPTING";
      case Duty.Draining _ -> "DRAINING";
      case Duty.Quarantined _ -> "QUARANTINED";
    };
  }

  private static @Nullable String since(Duty duty) {
    return switch (duty) {
      case Duty.Accepting _ -> null;
      case Duty.Draining(Instant since) -> time(since);
      case Duty.Quarantined(var _, Instant since) -> time(since);
    };
  }

  /** The worker of that id, if there is one. */
  Optional<WorkerView> worker(WorkerId id) {
    return workers.fleet().members().stream()
        .filter(member -> member.worker().id().equals(id))
        .findFirst()
        .map(Views::worker);
  }
}
