package dev.mayfly.server.workers;

import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.LogStream;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.server.TestOrchestrator;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Takes every assignment, says two words per attempt and ends it with 0. When its connection ends,
 * it dials the orchestrator it is pointed at then, and says again what was not acknowledged.
 */
final class ObedientWorker implements AutoCloseable {
  static final String LOG = "one two";
  private static final Duration HEARTBEAT = Duration.ofMillis(500);
  private static final Duration LOOK = Duration.ofMillis(10);

  private final UUID id = UUID.randomUUID();
  private final Duration takes;
  private final Map<AttemptRef, Long> running = new HashMap<>();
  private final AtomicInteger assignments = new AtomicInteger();
  private final Thread thread;
  private volatile TestOrchestrator target;
  private volatile boolean stopped;
  private volatile @Nullable Throwable failure;

  /**
   * @param takes how long an attempt runs
   */
  ObedientWorker(TestOrchestrator target, Duration takes) {
    this.target = target;
    this.takes = takes;
    thread = Thread.ofVirtual().start(this::run);
  }

  UUID id() {
    return id;
  }

  /** Where it dials next. */
  void pointAt(TestOrchestrator next) {
    target = next;
  }

  /** How many different attempts it was given. */
  int assignments() {
    return assignments.get();
  }

  private void run() {
    try {
      while (!stopped) {
        try (FakeWorker connection =
            FakeWorker.register(target, id, List.copyOf(running.keySet()))) {
          running.keySet().forEach(attempt -> begin(connection, attempt));
          serve(connection);
        } catch (IllegalStateException closing) {
          // gRPC refuses to send on a call that has ended just now; dial again.
          Thread.sleep(LOOK);
        }
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error failed) {
      failure = failed;
    }
  }

  private void serve(FakeWorker connection) throws InterruptedException {
    long nextHeartbeat = System.nanoTime();
    while (!stopped && !connection.hasEnded()) {
      var message = connection.poll(LOOK);
      if (message.isPresent()) {
        take(connection, message.get());
      }
      for (Map.Entry<AttemptRef, Long> one : running.entrySet()) {
        if (one.getValue() > 0 && System.nanoTime() - one.getValue() > takes.toNanos()) {
          end(connection, one.getKey());
          one.setValue(0L);
        }
      }
      if (System.nanoTime() - nextHeartbeat >= 0) {
        connection.heartbeat(running.keySet().toArray(AttemptRef[]::new));
        nextHeartbeat = System.nanoTime() + HEARTBEAT.toNanos();
      }
    }
    // Ends that were said on this connection but not acknowledged are said again on the next.
    running.replaceAll((_, since) -> since == 0 ? 1L : since);
  }

  private void take(FakeWorker connection, OrchestratorMessage message) {
    if (message.hasAssignment()) {
      AttemptRef attempt = message.getAssignment().getAttempt();
      if (!running.containsKey(attempt)) {
        assignments.incrementAndGet();
        running.put(attempt, System.nanoTime());
        begin(connection, attempt);
      }
    } else if (message.hasReportAck() && message.getReportAck().getReportNumber() == 2) {
      running.remove(message.getReportAck().getAttempt());
    } else if (message.hasHeartbeatReply()) {
      message.getHeartbeatReply().getEndAttemptsList().forEach(running::remove);
    }
  }

  private static void begin(FakeWorker connection, AttemptRef attempt) {
    connection.running(attempt, 1);
    connection.chunk(attempt, 1, LogStream.LOG_STREAM_STDOUT, bytes("one "));
  }

  private static void end(FakeWorker connection, AttemptRef attempt) {
    connection.chunk(attempt, 2, LogStream.LOG_STREAM_STDOUT, bytes("two"));
    connection.exited(attempt, 2, 0, 2);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws InterruptedException {
    stopped = true;
    thread.join(Duration.ofSeconds(10));
    Throwable failed = failure;
    if (failed != null) {
      throw new AssertionError("the worker failed", failed);
    }
  }
}
