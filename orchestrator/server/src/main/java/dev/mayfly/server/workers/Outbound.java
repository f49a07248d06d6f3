package dev.mayfly.server.workers;

import dev.mayfly.api.worker.v1.OrchestratorMessage;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * What goes down to one worker: a bounded queue in front of gRPC's, whose own has no bound. A
 * worker that does not read is disconnected; it comes back and is told again. Thread-safe.
 */
class Outbound {

  /** Log acknowledgements are most of it: one per batch, some hundred a second at the utmost. */
  private static final int CAPACITY = 1024;

  private final ServerCallStreamObserver<OrchestratorMessage> call;
  private final Queue<OrchestratorMessage> waiting = new ArrayDeque<>();
  private boolean closed;

  Outbound(ServerCallStreamObserver<OrchestratorMessage> call) {
    this.call = call;
    call.setOnReadyHandler(this::drain);
  }

  synchronized void send(OrchestratorMessage message) {
    if (closed) {
      return;
    }
    if (waiting.size() >= CAPACITY) {
      close(
          Status.RESOURCE_EXHAUSTED.withDescription(
              "the worker does not read: " + CAPACITY + " messages wait for it"));
      return;
    }
    waiting.add(message);
    drain();
  }

  private synchronized void drain() {
    while (!closed && call.isReady()) {
      OrchestratorMessage next = waiting.poll();
      if (next == null) {
        return;
      }
      call.onNext(next);
    }
  }

  /** Ends the call; once. */
  synchronized void close(Status status) {
    if (closed) {
      return;
    }
    closed = true;
    waiting.clear();
    if (call.isCancelled()) {
      return;
    }
    if (status.isOk()) {
      call.onCompleted();
    } else {
      call.onError(status.asRuntimeException());
    }
  }

  synchronized boolean closed() {
    return closed || call.isCancelled();
  }
}
