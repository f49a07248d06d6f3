package dev.mayfly.server.http;

import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.WorkerView;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Workers: look. */
@RestController
@Tag(name = "workers")
class WorkerController {
  private final Views views;

  WorkerController(Views views) {
    this.views = views;
  }

  @GetMapping("/api/v1/workers")
  @Operation(operationId = "listWorkers", summary = "List workers, by name")
  Page<WorkerView> list() {
    return new Page<>(views.fleet(), null);
  }
}
