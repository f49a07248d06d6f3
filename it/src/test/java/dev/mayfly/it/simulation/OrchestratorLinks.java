package dev.mayfly.it.simulation;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptEvent;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.EndRequest;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobDesk;
import dev.mayfly.core.job.JobStore.Claim;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.worker.core.attempt.EndReason;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The workers connected to one orchestrator, and what each has still to be told. */
final class OrchestratorLinks {
  private final SimulatedProcess process;
  private final SimulatedDatabase database;
  private final JobDesk desk;
  private final LeasePolicy leases;
  private final World world;
  private final Runnable nudge;
  private final Map<WorkerId, OrchestratorLink> connected = new LinkedHashMap<>();

  OrchestratorLinks(
      SimulatedProcess process,
      SimulatedDatabase database,
      JobDesk desk,
      LeasePolicy leases,
      World world,
      Runnable nudge) {
    this.process = process;
    this.database = database;
    this.desk = desk;
    this.leases = leases;
    this.world = world;
    this.nudge = nudge;
  }

  SimulatedProcess process() {
    return process;
  }

  SimulatedDatabase database() {
    return database;
  }

  JobDesk desk() {
    return desk;
  }

  LeasePolicy leases() {
    return leases;
  }

  World world() {
    return world;
  }

  Instant now() {
    return world.time().instant();
  }

  void nudge() {
    nudge.run();
  }

  void accept(SimulatedConnection connection) {
    connection.orchestratorListens(new OrchestratorLink(this, connection));
  }

  /** The worker has registered on this link; an older one of the same worker is ended. */
  void join(WorkerId worker, OrchestratorLink link) {
    OrchestratorLink old = connected.get(worker);
    if (old != null && old.number() > link.number()) {
      link.end();
      return;
    }
    connected.put(worker, link);
    if (old != null && old != link) {
      old.end();
    }
  }

  /** The connection has ended; only the newest one of a worker says what becomes of it. */
  void leave(WorkerId worker, OrchestratorLink link, WorkerState afterwards) {
    connected.remove(worker, link);
    database.connections().disconnect(worker, link.number(), afterwards);
  }

  /** Tells every worker what it should know and has not been told on this connection. */
  void reconcile() {
    for (Map.Entry<WorkerId, OrchestratorLink> entry : List.copyOf(connected.entrySet())) {
      OrchestratorLink link = entry.getValue();
      Set<Claim> current = new HashSet<>();
      for (Job job : database.jobs().activeOn(entry.getKey())) {
        Attempt attempt = job.currentAttempt();
        Claim claim = new Claim(attempt.id(), attempt.lease().epoch());
        current.add(claim);
        EndRequest wanted = job.endRequest();
        if (wanted == null) {
          if (attempt.state() instanceof AttemptState.Placed) {
            link.assign(job, claim);
          }
        } else if (attempt.state() instanceof AttemptState.Placed && !link.knows(claim)) {
          desk.onAttempt(claim.attempt(), claim.epoch(), new AttemptEvent.Withdrawn(now()));
        } else {
          link.endAttempt(claim, reason(wanted));
        }
      }
      link.forgetAllBut(current);
    }
  }

  private static EndReason reason(EndRequest wanted) {
    return switch (wanted) {
      case EndRequest.Cancel _ -> EndReason.CANCELLED;
      case EndRequest.Release(int exitCode) -> new EndReason.Released(exitCode);
      case EndRequest.Abandon _ -> EndReason.ABANDONED;
    };
  }
}
