package dev.mayfly.worker.daemon.link;

import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.WorkerLinkGrpc;
import dev.mayfly.api.worker.v1.WorkerMessage;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A real gRPC server without a socket, whose every answer a test gives by hand. */
public final class FakeOrchestrator implements AutoCloseable {
  public static final String TOKEN = "right-token";
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final String name = UUID.randomUUID().toString();
  private final LinkedBlockingQueue<Connection> connections = new LinkedBlockingQueue<>();
  private final Server server;

  public FakeOrchestrator() throws IOException {
    server =
        InProcessServerBuilder.forName(name)
            .addService(new Service())
            .intercept(new TokenCheck())
            .build()
            .start();
  }

  public ManagedChannel dial() {
    return InProcessChannelBuilder.forName(name).build();
  }

  public LinkedBlockingQueue<Connection> connections() {
    return connections;
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private static final class TokenCheck implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      if (!("Bearer " + TOKEN).equals(headers.get(AUTHORIZATION))) {
        call.close(Status.UNAUTHENTICATED.withDescription("wrong worker token"), new Metadata());
        return new ServerCall.Listener<>() {};
      }
      return next.startCall(call, headers);
    }
  }

  private final class Service extends WorkerLinkGrpc.WorkerLinkImplBase {
    @Override
    public StreamObserver<WorkerMessage> connect(StreamObserver<OrchestratorMessage> answers) {
      var connection = new Connection(answers);
      connections.add(connection);
      return connection;
    }
  }

  /** One worker's stream. */
  public static final class Connection implements StreamObserver<WorkerMessage> {
    private final StreamObserver<OrchestratorMessage> answers;
    private final LinkedBlockingQueue<WorkerMessage> received = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<String> ends = new LinkedBlockingQueue<>();

    Connection(StreamObserver<OrchestratorMessage> answers) {
      this.answers = answers;
    }

    public void send(OrchestratorMessage.Builder message) {
      answers.onNext(message.build());
    }

    public void fail(Status status) {
      answers.onError(status.asRuntimeException());
    }

    /** The next message of this kind, skipping others. */
    public WorkerMessage await(WorkerMessage.MessageCase kind) throws InterruptedException {
      return await(message -> message.getMessageCase() == kind);
    }

    public WorkerMessage await(Predicate<WorkerMessage> wanted) throws InterruptedException {
      while (true) {
        var message = received.poll(20, TimeUnit.SECONDS);
        if (message == null) {
          throw new AssertionError("the worker did not send it");
        }
        if (wanted.test(message)) {
          return message;
        }
      }
    }

    public String awaitEnd() throws InterruptedException {
      var end = ends.poll(20, TimeUnit.SECONDS);
      if (end == null) {
        throw new AssertionError("the worker did not end the connection");
      }
      return end;
    }

    @Override
    public void onNext(WorkerMessage message) {
      received.add(message);
    }

    @Override
    public void onError(Throwable failure) {
      ends.add(Status.fromThrowable(failure).getCode().name());
    }

    @Override
    public void onCompleted() {
      ends.add("COMPLETED");
      answers.onCompleted();
    }
  }
}
