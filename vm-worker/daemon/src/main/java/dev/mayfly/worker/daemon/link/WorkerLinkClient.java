package dev.mayfly.worker.daemon.link;

import dev.mayfly.api.worker.v1.WorkerLinkGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a connection to the orchestrator: dials, registers, sends what the outbox holds, obeys, and
 * dials again. One thread runs it; {@link #leave} and {@link #close} may be called by others.
 */
public final class WorkerLinkClient {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** Bounds one wait, so that a lost nudge costs a late look and not a dead link. */
  private static final Duration LOOK_AT_LEAST = Duration.ofSeconds(5);

  /** How long a channel may take to close; it holds nothing of ours. */
  private static final Duration CHANNEL_CLOSE_LIMIT = Duration.ofSeconds(2);

  private static final Logger log = LoggerFactory.getLogger(WorkerLinkClient.class);

  private final LinkPorts ports;
  private final Registration registration;
  private final RandomGenerator random;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile String leaving = "";
  private volatile boolean closed;
  private String lastLoss = "";

  public WorkerLinkClient(LinkPorts ports, Registration registration, RandomGenerator random) {
    this.ports = ports;
    this.registration = registration;
    this.random = random;
  }

  /** Runs until {@link #close}. */
  public void run() throws InterruptedException {
    try {
      int failures = 0;
      while (!closed) {
        boolean worked = connectOnce();
        failures = worked ? 0 : failures + 1;
        pause(Backoff.delay(failures, random));
      }
    } finally {
      ended.countDown();
    }
  }

  /** Tells the orchestrator that this worker goes; the connection stays until {@link #close}. */
  public void leave(String reason) {
    leaving = reason;
    ports.nudge().give();
  }

  /**
   * Ends the connection in good order.
   *
   * @return false when that took longer than the limit
   */
  public boolean close(Duration limit) throws InterruptedException {
    closed = true;
    ports.nudge().give();
    return ended.await(limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Returns whether the orchestrator had taken us. */
  private boolean connectOnce() throws InterruptedException {
    ManagedChannel channel;
    String token;
    try {
      token = ports.token().read();
      channel = ports.dialler().dial();
    } catch (IOException failure) {
      lost(String.valueOf(failure.getMessage()));
      return false;
    }
    var connection = new LinkConnection(ports, registration);
    try {
      var headers = new Metadata();
      headers.put(AUTHORIZATION, "Bearer " + token);
      var stub =
          WorkerLinkGrpc.newStub(channel)
              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
      // The connection keeps the stream it is given before the start.
      var unused = stub.connect(connection);
      connection.register();
      serve(connection);
    } catch (RuntimeException bug) {
      // The top of the link's loop: the next connection starts afresh.
      log.atError().setCause(bug).log("Link hit a bug");
      connection.end("a bug of the worker");
    } finally {
      channel.shutdown();
      if (!channel.awaitTermination(CHANNEL_CLOSE_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        channel.shutdownNow();
      }
    }
    if (connection.isRegistered()) {
      lastLoss = "";
    }
    if (!closed) {
      lost(connection.over().orElse("unknown"));
    }
    return connection.isRegistered();
  }

  private void serve(LinkConnection connection) throws InterruptedException {
    while (true) {
      connection.reconcile();
      if (!leaving.isEmpty()) {
        connection.leave(leaving);
      }
      if (connection.over().isPresent()) {
        connection.end("over");
        return;
      }
      if (closed) {
        connection.complete();
        return;
      }
      ports.nudge().await(LOOK_AT_LEAST);
    }
  }

  private void lost(String reason) {
    boolean first = !reason.equals(lastLoss);
    lastLoss = reason;
    ports.listener().lost(reason, first);
  }

  private void pause(Duration delay) throws InterruptedException {
    long until = ports.timers().nanoTime() + delay.toNanos();
    var timer = ports.timers().after(delay, ports.nudge()::give);
    while (!closed && ports.timers().nanoTime() - until < 0) {
      ports.nudge().await(LOOK_AT_LEAST);
    }
    timer.cancel();
  }
}
