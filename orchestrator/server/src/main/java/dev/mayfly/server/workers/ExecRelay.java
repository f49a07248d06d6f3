package dev.mayfly.server.workers;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.exec.ExecStore;
import dev.mayfly.server.logs.LogFeed;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Tells every worker connected here what is new about its execs, and ends those whose attempt has
 * ended. Idempotent; each of its passes runs in one thread at a time.
 */
public class ExecRelay {

  /** Bounds one pass; the next takes the rest. */
  private static final int MAX_LEFT_OVER = 500;

  /** Per transaction: a download may be large, and its removal must not hold locks for long. */
  private static final int MAX_DISCARDED = 5;

  /** Who fetches a download may be behind the end of the session. */
  private static final Duration DOWNLOADS_KEPT = Duration.ofMinutes(10);

  private final ConnectedWorkers connected;
  private final ExecStore execs;
  private final LogFeed feed;
  private final InstantSource clock;

  ExecRelay(ConnectedWorkers connected, ExecStore execs, LogFeed feed, InstantSource clock) {
    this.connected = connected;
    this.execs = execs;
    this.feed = feed;
    this.clock = clock;
  }

  /** One pass. */
  public void relay() {
    execs.endLeftOver(MAX_LEFT_OVER).stream().distinct().forEach(feed::nudge);
    Map<WorkerId, WorkerConnection> connections = new HashMap<>();
    connected.all().forEach(connection -> connections.put(connection.worker(), connection));
    Map<WorkerId, List<ExecStore.Due>> due =
        execs.open(connections.keySet()).stream()
            .collect(Collectors.groupingBy(ExecStore.Due::worker));
    connections.forEach(
        (worker, connection) -> connection.execs().send(due.getOrDefault(worker, List.of())));
  }

  /** Removes what nobody fetches any more; returns of how many downloads. */
  public int discard() {
    return execs.discardFinished(clock.instant().minus(DOWNLOADS_KEPT), MAX_DISCARDED);
  }
}
