package dev.mayfly.server.http;

import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.api.rest.QuarantineRequest;
import dev.mayfly.api.rest.WorkerView;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerEvent;
import dev.mayfly.core.fleet.WorkerMachine;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.placement.Nudges;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.InstantSource;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Workers: look, and say whether they are to take work. */
@RestController
@RequestMapping("/api/v1/workers")
@Tag(name = "workers")
class WorkerController {
  private static final Logger log = LoggerFactory.getLogger(WorkerController.class);

  private final WorkerStore workers;
  private final Views views;
  private final Nudges nudges;
  private final InstantSource clock;

  WorkerController(WorkerStore workers, Views views, Nudges nudges, InstantSource clock) {
    this.workers = workers;
    this.views = views;
    this.nudges = nudges;
    this.clock = clock;
  }

  @GetMapping
  @Operation(operationId = "listWorkers", summary = "List workers, by name")
  Page<WorkerView> list() {
    return new Page<>(views.fleet(), null);
  }

  @GetMapping("/{worker}")
  @Operation(operationId = "getWorker", summary = "Look at a worker, by name or id")
  WorkerView get(@PathVariable("worker") String nameOrId) {
    return view(find(nameOrId));
  }

  @PostMapping("/{worker}/drain")
  @Operation(
      operationId = "drainWorker",
      summary = "Let a worker take no new work; what it runs goes on",
      description = "Idempotent. One in quarantine stays there, which is the stronger.")
  WorkerView drain(@PathVariable("worker") String nameOrId) {
    return order(nameOrId, new WorkerEvent.Order.Drain(clock.instant()));
  }

  @PostMapping("/{worker}/resume")
  @Operation(operationId = "resumeWorker", summary = "Let a worker take work again")
  WorkerView resume(@PathVariable("worker") String nameOrId) {
    return order(nameOrId, new WorkerEvent.Order.Resume());
  }

  @PostMapping(path = "/{worker}/quarantine", consumes = "application/json")
  @Operation(
      operationId = "quarantineWorker",
      summary = "Let a worker take no new work until it is resumed",
      description = "Idempotent: the first reason stays.")
  WorkerView quarantine(
      @PathVariable("worker") String nameOrId, @RequestBody QuarantineRequest body) {
    String reason = body.reason() == null ? "" : body.reason().strip();
    if (reason.isEmpty()
        || reason.length() > QuarantineRequest.MAX_REASON
        || reason.chars().anyMatch(Character::isISOControl)) {
      throw new RefusedRequestException(
          Problems.invalid(
              List.of(
                  new Problem.FieldError(
                      "reason",
                      "is required: one line of 1 to "
                          + QuarantineRequest.MAX_REASON
                          + " characters"))));
    }
    return order(nameOrId, new WorkerEvent.Order.Quarantine(reason, clock.instant()));
  }

  private WorkerView order(String nameOrId, WorkerEvent.Order order) {
    Worker worker = find(nameOrId);
    Duty duty = WorkerMachine.apply(worker.duty(), order);
    // Also when nothing changes: a resume begins the count of faults anew.
    if (!workers.setDuty(worker.id(), duty)) {
      throw unknown();
    }
    WorkerView view = view(worker);
    log.atInfo()
        .addKeyValue("worker", worker.id())
        .addKeyValue("duty", view.duty())
        .addKeyValue("reason", view.dutyReason())
        .log("Duty was set");
    nudges.placement();
    return view;
  }

  private Worker find(String nameOrId) {
    return workers.findByNameOrId(nameOrId).orElseThrow(WorkerController::unknown);
  }

  private WorkerView view(Worker worker) {
    return views.worker(worker.id()).orElseThrow(WorkerController::unknown);
  }

  private static RefusedRequestException unknown() {
    return new RefusedRequestException(Problems.notFound("worker"));
  }
}
