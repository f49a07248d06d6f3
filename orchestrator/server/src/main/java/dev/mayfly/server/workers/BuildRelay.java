package dev.mayfly.server.workers;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildState;
import dev.mayfly.core.image.ImageBuildStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tells every worker connected here which builds it is to be at. Idempotent; runs in one thread at
 * a time.
 */
public class BuildRelay {
  private final ConnectedWorkers connected;
  private final ImageBuildStore builds;

  BuildRelay(ConnectedWorkers connected, ImageBuildStore builds) {
    this.connected = connected;
    this.builds = builds;
  }

  /** One pass. */
  public void relay() {
    List<WorkerConnection> connections = connected.all();
    if (connections.isEmpty()) {
      return;
    }
    Map<WorkerId, List<ImageBuild>> running = new HashMap<>();
    for (ImageBuild build : builds.open()) {
      if (build.state() instanceof ImageBuildState.Running at) {
        running.computeIfAbsent(at.worker(), _ -> new ArrayList<>()).add(build);
      }
    }
    connections.forEach(connection ->
        connection.builds().send(running.getOrDefault(connection.worker(), List.of())));
  }
}
