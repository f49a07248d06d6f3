package dev.mayfly.server.workers;

import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.WorkerLinkGrpc;
import dev.mayfly.api.worker.v1.WorkerMessage;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.context.SmartLifecycle;

/** The end of the worker link: a thread and a mailbox for every worker that connects. */
class WorkerLinkService extends WorkerLinkGrpc.WorkerLinkImplBase implements SmartLifecycle {

  /**
   * A thousand workers, and those that come back before their old connections are seen to end. Each
   * holds a mailbox of up to 8 MiB of log; more workers need more orchestrators.
   */
  private static final int MAX_CONNECTIONS = 2000;

  private static final Duration STOP_WAIT = Duration.ofSeconds(2);

  private final WorkerLinkContext context;
  private final Set<WorkerConnection> open = ConcurrentHashMap.newKeySet();
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
  private volatile boolean running;

  WorkerLinkService(WorkerLinkContext context) {
    this.context = context;
  }

  @Override
  public StreamObserver<WorkerMessage> connect(StreamObserver<OrchestratorMessage> responses) {
    ServerCallStreamObserver<OrchestratorMessage> call =
        (ServerCallStreamObserver<OrchestratorMessage>) responses;
    Inbound inbound = new Inbound(call);
    Outbound outbound = new Outbound(call);
    if (!running || open.size() >= MAX_CONNECTIONS) {
      outbound.close(
          Status.UNAVAILABLE.withDescription("the orchestrator takes no more connections now"));
      return inbound;
    }
    WorkerConnection connection = new WorkerConnection(context, inbound, outbound);
    call.setOnCancelHandler(inbound::stop);
    open.add(connection);
    Thread thread =
        Thread.ofVirtual()
            .name("worker-link")
            .unstarted(() -> {
              try {
                connection.run();
              } finally {
                open.remove(connection);
                threads.remove(Thread.currentThread());
              }
            });
    threads.add(thread);
    inbound.open();
    thread.start();
    return inbound;
  }

  @Override
  public void start() {
    running = true;
  }

  /** Ends all connections; what their threads were at is finished first. */
  @Override
  public void stop() {
    running = false;
    open.forEach(WorkerConnection::stop);
    try {
      for (Thread thread : threads) {
        if (!thread.join(STOP_WAIT)) {
          thread.interrupt();
        }
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public boolean isRunning() {
    return running;
  }
}
