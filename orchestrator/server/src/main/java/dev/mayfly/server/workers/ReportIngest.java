package dev.mayfly.server.workers;

import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.AttemptReport;
import dev.mayfly.api.worker.v1.WorkerMessage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * Applies the reports of one connection: those that lie in the mailbox one after another go at
 * once, so that their commits share a transaction; those of one attempt stay in order. Otherwise a
 * large worker's reports would wait for each other's disk flush. Used by the connection's thread
 * alone.
 */
class ReportIngest {

  /** As many threads at once; each waits for the same few transactions. */
  private static final int MAX_BATCH = 64;

  private final Inbound inbound;
  private final Consumer<AttemptReport> application;

  /**
   * @param application applies one report and acknowledges it; called by several threads at once,
   *     for different attempts
   */
  ReportIngest(Inbound inbound, Consumer<AttemptReport> application) {
    this.inbound = inbound;
    this.application = application;
  }

  /** Returns when this report, and those taken from the mailbox with it, have been applied. */
  void take(AttemptReport first) throws InterruptedException {
    Map<AttemptRef, List<AttemptReport>> batch = batch(first);
    if (batch.size() == 1) {
      batch.values().iterator().next().forEach(application);
      return;
    }
    List<Future<?>> applied = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (List<AttemptReport> reports : batch.values()) {
        applied.add(threads.submit(() -> reports.forEach(application)));
      }
    }
    for (Future<?> one : applied) {
      rethrow(one);
    }
  }

  private static void rethrow(Future<?> applied) throws InterruptedException {
    try {
      applied.get();
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException("a report could not be applied", failed);
    }
  }

  private Map<AttemptRef, List<AttemptReport>> batch(AttemptReport first) {
    Map<AttemptRef, List<AttemptReport>> batch = new LinkedHashMap<>();
    batch.computeIfAbsent(first.getAttempt(), _ -> new ArrayList<>()).add(first);
    for (int size = 1;
        size < MAX_BATCH
            && inbound.peek() instanceof Inbound.Item.Message(WorkerMessage next)
            && next.hasReport();
        size++) {
      inbound.takePeeked();
      AttemptReport report = next.getReport();
      batch.computeIfAbsent(report.getAttempt(), _ -> new ArrayList<>()).add(report);
    }
    return batch;
  }
}
