package dev.mayfly.server.http;

import dev.mayfly.core.job.JobStore;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.security.SecurityRequirements;
import io.swagger.v3.oas.annotations.tags.Tag;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Whether the orchestrator can work. */
@RestController
@Tag(name = "health")
class HealthController {
  private static final Logger log = LoggerFactory.getLogger(HealthController.class);

  private final JobStore jobs;

  HealthController(JobStore jobs) {
    this.jobs = jobs;
  }

  record Health(String status) {}

  @GetMapping("/api/v1/health")
  @SecurityRequirements
  @Operation(operationId = "getHealth", summary = "Say whether the database answers")
  Health health() {
    try {
      jobs.countQueued(1);
      return new Health("UP");
    } catch (RuntimeException down) {
      log.atWarn().setCause(down).log("Database did not answer");
      throw new RefusedRequestException(
          Problems.of(
              HttpStatus.SERVICE_UNAVAILABLE,
              "database-down",
              "The database does not answer.",
              null));
    }
  }
}
