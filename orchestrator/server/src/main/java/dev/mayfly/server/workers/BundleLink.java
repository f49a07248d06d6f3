package dev.mayfly.server.workers;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.worker.v1.BundleState;
import dev.mayfly.api.worker.v1.BundleStates;
import dev.mayfly.api.worker.v1.KeepBundles;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.core.image.BundleOnWorker;
import dev.mayfly.core.image.BundleOnWorkerStore;
import dev.mayfly.core.image.KeepList;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one connection has to do with bundles: what the worker should keep, told once and when it
 * changes, and what it says that it fetches. Thread-safe.
 */
class BundleLink {
  private final BundleOnWorkerStore onWorkers;
  private final InstantSource clock;
  private final Outbound outbound;
  private @Nullable KeepList told;

  BundleLink(BundleOnWorkerStore onWorkers, InstantSource clock, Outbound outbound) {
    this.onWorkers = onWorkers;
    this.clock = clock;
    this.outbound = outbound;
  }

  /** Tells the worker unless it was told on this connection. */
  synchronized void keep(KeepList list) {
    if (list.equals(told)) {
      return;
    }
    told = list;
    outbound.send(
        OrchestratorMessage.newBuilder()
            .setKeepBundles(
                KeepBundles.newBuilder()
                    .addAllDigests(texts(list.bundles()))
                    .addAllPinned(texts(list.pinned())))
            .build());
  }

  private static List<String> texts(Collection<BundleDigest> digests) {
    return digests.stream().map(BundleDigest::value).toList();
  }

  /** Takes over what the worker says. */
  void states(WorkerId worker, BundleStates message) {
    onWorkers.replace(worker, List.copyOf(states(message, clock.instant()).values()));
  }

  /** What a process that has gone has said counts no more. */
  void forget(WorkerId worker) {
    onWorkers.replace(worker, List.of());
  }

  /** By bundle: whoever says two things of one means the last. */
  private static Map<BundleDigest, BundleOnWorker> states(BundleStates message, Instant now) {
    if (message.getStatesCount() > BundleOnWorker.MAX_PER_WORKER) {
      throw new InvalidMessageException(
          "bundle_states", "has more than " + BundleOnWorker.MAX_PER_WORKER);
    }
    Map<BundleDigest, BundleOnWorker> states = new LinkedHashMap<>();
    for (BundleState state : message.getStatesList()) {
      BundleDigest digest;
      try {
        digest = new BundleDigest(state.getDigest());
      } catch (IllegalArgumentException invalid) {
        throw new InvalidMessageException(
            "bundle_states.digest", String.valueOf(invalid.getMessage()));
      }
      states.put(digest, new BundleOnWorker(digest, state(state), now));
    }
    return states;
  }

  private static BundleOnWorker.State state(BundleState state) {
    return switch (state.getStateCase()) {
      case PULLING -> {
        long done = state.getPulling().getBytesDone();
        long total = state.getPulling().getBytesTotal();
        if (done < 0 || total < 0) {
          throw new InvalidMessageException("bundle_states.pulling", "holds more than 2^63 bytes");
        }
        yield new BundleOnWorker.State.Pulling(done, total);
      }
      case FAILED -> new BundleOnWorker.State.Failed(reason(state.getFailed().getReason()));
      case STATE_NOT_SET -> throw new InvalidMessageException("bundle_states.state", "is missing");
    };
  }

  /** PostgreSQL takes no NUL. */
  private static String reason(String text) {
    String clean = text.replace('\0', ' ');
    return clean.length() <= BundleOnWorker.State.Failed.MAX_REASON
        ? clean
        : clean.substring(0, BundleOnWorker.State.Failed.MAX_REASON);
  }
}
