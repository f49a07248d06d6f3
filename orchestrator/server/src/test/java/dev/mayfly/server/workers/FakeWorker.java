package dev.mayfly.server.workers;

import com.google.protobuf.ByteString;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.AttemptReport;
import dev.mayfly.api.worker.v1.Capacity;
import dev.mayfly.api.worker.v1.Exited;
import dev.mayfly.api.worker.v1.Finished;
import dev.mayfly.api.worker.v1.Heartbeat;
import dev.mayfly.api.worker.v1.LogChunk;
import dev.mayfly.api.worker.v1.LogStream;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.PhaseTime;
import dev.mayfly.api.worker.v1.Register;
import dev.mayfly.api.worker.v1.Running;
import dev.mayfly.api.worker.v1.Vmm;
import dev.mayfly.api.worker.v1.WorkerLinkGrpc;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.server.TestOrchestrator;
import dev.mayfly.server.http.Api;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/** Speaks the worker link by hand: a worker without microVMs. */
public final class FakeWorker implements AutoCloseable {
  private static final int WAIT_SECONDS = 20;

  private final UUID id;
  private final String name;
  private final ManagedChannel channel;
  private final BlockingQueue<OrchestratorMessage> received = new LinkedBlockingQueue<>();
  private final CompletableFuture<Status> ended = new CompletableFuture<>();
  private final AtomicBoolean joined = new AtomicBoolean(true);
  private final StreamObserver<WorkerMessage> out;

  public FakeWorker(TestOrchestrator orchestrator, UUID id, String token) {
    this.id = id;
    this.name = "fake-" + id.toString().substring(0, 8);
    channel =
        ManagedChannelBuilder.forAddress("127.0.0.1", orchestrator.grpcPort())
            .usePlaintext()
            .build();
    Metadata metadata = new Metadata();
    metadata.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    out =
        WorkerLinkGrpc.newStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata))
            .connect(
                new StreamObserver<>() {
                  @Override
                  public void onNext(OrchestratorMessage message) {
                    // The answer to the heartbeat that belongs to registering.
                    if (!message.hasHeartbeatReply() || joined.getAndSet(true)) {
                      received.add(message);
                    }
                  }

                  @Override
                  public void onError(Throwable failure) {
                    ended.complete(Status.fromThrowable(failure));
                  }

                  @Override
                  public void onCompleted() {
                    ended.complete(Status.OK);
                  }
                });
  }

  /** Connects, registers, and is heard of at once, as a worker is. */
  public static FakeWorker register(
      TestOrchestrator orchestrator, UUID id, List<AttemptRef> running) {
    FakeWorker worker = new FakeWorker(orchestrator, id, orchestrator.workerToken());
    worker.send(
        WorkerMessage.newBuilder()
            .setRegister(worker.registration().addAllRunningAttempts(running))
            .build());
    worker.joined.set(false);
    worker.heartbeat(running.toArray(AttemptRef[]::new));
    return worker;
  }

  public Register.Builder registration() {
    return Register.newBuilder()
        .setProtocolVersion(3)
        .setWorkerId(id.toString())
        .setName(name)
        .setVersion("0.1")
        .setArchitecture("x86_64")
        .setHostKernel("6.1")
        .setCapacity(Capacity.newBuilder().setCpus(2).setMemoryMib(4096).setScratchMib(16384))
        .addVmms(
            Vmm.newBuilder()
                .setName("qemu")
                .setVersion("7.2")
                .setAccelerator("tcg")
                .setUsable(true)
                .setReason("answers"))
        .addBundleDigests(Api.BUNDLE);
  }

  public String name() {
    return name;
  }

  public synchronized void send(WorkerMessage message) {
    out.onNext(message);
  }

  /** The next message if one comes in time. */
  public Optional<OrchestratorMessage> poll(Duration most) throws InterruptedException {
    return Optional.ofNullable(received.poll(most.toMillis(), TimeUnit.MILLISECONDS));
  }

  /** The next message of the kind; others that come before it are dropped. */
  public <T> T next(
      Function<OrchestratorMessage, Boolean> kind, Function<OrchestratorMessage, T> part) {
    try {
      while (true) {
        OrchestratorMessage message = received.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        if (message == null) {
          throw new AssertionError("no such message came; the call: " + ended);
        }
        if (kind.apply(message)) {
          return part.apply(message);
        }
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", interrupted);
    }
  }

  public AttemptRef assigned() {
    return next(OrchestratorMessage::hasAssignment, OrchestratorMessage::getAssignment)
        .getAttempt();
  }

  /** How the orchestrator ended the call. */
  public Status end() {
    try {
      return ended.get(WAIT_SECONDS, TimeUnit.SECONDS);
    } catch (Exception failed) {
      throw new AssertionError("the call did not end", failed);
    }
  }

  public boolean hasEnded() {
    return ended.isDone();
  }

  public void heartbeat(AttemptRef... running) {
    send(
        WorkerMessage.newBuilder()
            .setHeartbeat(Heartbeat.newBuilder().addAllRunningAttempts(List.of(running)))
            .build());
  }

  public void chunk(AttemptRef attempt, long sequence, LogStream stream, byte[] data) {
    send(
        WorkerMessage.newBuilder()
            .setLogChunk(
                LogChunk.newBuilder()
                    .setAttempt(attempt)
                    .setSequence(sequence)
                    .setStream(stream)
                    .setData(ByteString.copyFrom(data))
                    .setMicrosSinceAssigned(sequence))
            .build());
  }

  public void running(AttemptRef attempt, long number) {
    send(
        WorkerMessage.newBuilder()
            .setReport(
                AttemptReport.newBuilder()
                    .setAttempt(attempt)
                    .setReportNumber(number)
                    .addPhases(phase("PREPARED", 100))
                    .addPhases(phase("BOOTED", 200))
                    .setRunning(
                        Running.newBuilder().setVmm("qemu 7.2 tcg").setGuestKernel("6.1.0")))
            .build());
  }

  public void exited(AttemptRef attempt, long number, int code, long chunks) {
    send(
        WorkerMessage.newBuilder()
            .setReport(
                AttemptReport.newBuilder()
                    .setAttempt(attempt)
                    .setReportNumber(number)
                    .addPhases(phase("PREPARED", 100))
                    .addPhases(phase("DESTROYED", 900))
                    .setFinished(
                        Finished.newBuilder()
                            .setLogChunks(chunks)
                            .setPeakMemoryKib(77)
                            .setExited(Exited.newBuilder().setCode(code))))
            .build());
  }

  private static PhaseTime phase(String phase, long micros) {
    return PhaseTime.newBuilder().setPhase(phase).setMicrosSinceAssigned(micros).build();
  }

  /** Breaks the connection without a word. */
  public void vanish() {
    channel.shutdownNow();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
