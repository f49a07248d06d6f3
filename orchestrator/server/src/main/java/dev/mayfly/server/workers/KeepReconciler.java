package dev.mayfly.server.workers;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.KeepPlanner;
import dev.mayfly.core.image.WantedImage;
import dev.mayfly.core.image.WantedImages;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tells every worker connected here which bundles it should have ready, when that has changed.
 * Idempotent; each of its passes runs in one thread at a time.
 */
public class KeepReconciler {

  /** Names beyond this many are kept by nobody ahead of time. */
  private static final int MAX_IMAGES = 10_000;

  private final ConnectedWorkers connected;
  private final WantedImages images;
  private final WorkerStore workers;
  private final InstantSource clock;

  KeepReconciler(
      ConnectedWorkers connected, WantedImages images, WorkerStore workers, InstantSource clock) {
    this.connected = connected;
    this.images = images;
    this.workers = workers;
    this.clock = clock;
  }

  /** One pass. */
  public void reconcile() {
    List<WorkerConnection> connections = connected.all();
    if (connections.isEmpty()) {
      return;
    }
    List<WantedImage> wanted = images.wanted(MAX_IMAGES);
    Map<WorkerId, Worker> known = new HashMap<>();
    for (FleetView.Member member : workers.fleet().members()) {
      known.put(member.worker().id(), member.worker());
    }
    Instant now = clock.instant();
    for (WorkerConnection connection : connections) {
      Worker worker = known.get(connection.worker());
      if (worker != null) {
        connection.bundles().keep(KeepPlanner.plan(worker, wanted, now));
      }
    }
  }
}
