package dev.mayfly.it.simulation;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.worker.core.attempt.AttemptReport;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.LogChunk;
import java.util.List;

/** What a worker says to an orchestrator. */
sealed interface UpMessage {

  record Register(WorkerId id, String name, Capacity capacity, List<AttemptLease> running)
      implements UpMessage {}

  record Heartbeat(List<AttemptLease> running) implements UpMessage {}

  record Report(AttemptReport report) implements UpMessage {}

  record Chunk(AttemptLease lease, LogChunk chunk) implements UpMessage {}

  record Refusal(AttemptLease lease, FaultCode code, String reason) implements UpMessage {}

  record Leaving() implements UpMessage {}

  /** Part of the conversation's bookkeeping, which counts on an ordered stream without losses. */
  default boolean ordered() {
    return this instanceof Register || this instanceof Heartbeat || this instanceof Leaving;
  }
}
