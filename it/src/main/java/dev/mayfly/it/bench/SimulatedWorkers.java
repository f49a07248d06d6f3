package dev.mayfly.it.bench;

import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.AttemptReport;
import dev.mayfly.api.worker.v1.Capacity;
import dev.mayfly.api.worker.v1.Exited;
import dev.mayfly.api.worker.v1.Finished;
import dev.mayfly.api.worker.v1.Heartbeat;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.PhaseTime;
import dev.mayfly.api.worker.v1.Preparing;
import dev.mayfly.api.worker.v1.Register;
import dev.mayfly.api.worker.v1.Running;
import dev.mayfly.api.worker.v1.Vmm;
import dev.mayfly.api.worker.v1.WorkerLinkGrpc;
import dev.mayfly.api.worker.v1.WorkerMessage;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Workers without microVMs: real connections, each of its own, that take every assignment, report
 * Preparing and Running at once and Finished after a fixed time.
 */
final class SimulatedWorkers implements AutoCloseable {
  static final String BUNDLE = "sha256:" + "b".repeat(64);
  private static final int PROTOCOL_VERSION = 3;
  private static final int MEMORY_PER_SLOT = 512;
  private static final int SCRATCH_PER_SLOT = 2048;
  private static final Duration HEARTBEAT = Duration.ofSeconds(5);

  private final BenchOrchestrator orchestrator;
  private final String token;
  private final int slots;
  private final Duration takes;
  private final List<Link> links = new ArrayList<>();
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();

  /** When each job's assignment came, in nanoseconds of this process. */
  private final Map<UUID, Long> assigned = new ConcurrentHashMap<>();

  private final AtomicInteger repeated = new AtomicInteger();
  private final AtomicInteger finished = new AtomicInteger();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  /**
   * @param slots how many jobs of the default shape each takes at once
   * @param takes how long each job runs
   */
  SimulatedWorkers(BenchOrchestrator orchestrator, String token, int slots, Duration takes) {
    this.orchestrator = orchestrator;
    this.token = token;
    this.slots = slots;
    this.takes = takes;
  }

  /** Connects more workers; returns when all of them have registered. */
  void connect(int count) throws InterruptedException {
    CountDownLatch registered = new CountDownLatch(count);
    for (int i = 0; i < count; i++) {
      Link link = new Link(links.size(), registered);
      links.add(link);
      link.open();
    }
    if (!registered.await(2, TimeUnit.MINUTES)) {
      throw new IllegalStateException(
          registered.getCount() + " workers could not register", failure.get());
    }
  }

  int size() {
    return links.size();
  }

  Map<UUID, Long> assigned() {
    return assigned;
  }

  /** Assignments of a job that had been assigned before: none is right. */
  int repeated() {
    return repeated.get();
  }

  /** Jobs whose end the orchestrator has acknowledged. */
  int finished() {
    return finished.get();
  }

  /** What broke a connection, if any. */
  AtomicReference<Throwable> failure() {
    return failure;
  }

  /** Forgets what was counted. */
  void forget() {
    assigned.clear();
    finished.set(0);
  }

  @Override
  public void close() throws InterruptedException {
    clock.shutdownNow();
    links.forEach(Link::close);
    for (Link link : links) {
      link.channel.awaitTermination(1, TimeUnit.SECONDS);
    }
  }

  /** One worker's connection. */
  private final class Link implements StreamObserver<OrchestratorMessage> {
    private final int number;
    private final CountDownLatch registered;
    private final ManagedChannel channel;
    private final Set<AttemptRef> running = ConcurrentHashMap.newKeySet();

    /** As a worker does: an assignment may be sent again, also after the attempt has ended. */
    private final Set<AttemptRef> known = ConcurrentHashMap.newKeySet();

    private StreamObserver<WorkerMessage> out;
    private volatile boolean closing;

    Link(int number, CountDownLatch registered) {
      this.number = number;
      this.registered = registered;
      channel =
          ManagedChannelBuilder.forAddress("127.0.0.1", orchestrator.grpcPort())
              .usePlaintext()
              .directExecutor()
              .build();
      Metadata metadata = new Metadata();
      metadata.put(
          Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
      out =
          (ClientCallStreamObserver<WorkerMessage>)
              WorkerLinkGrpc.newStub(channel)
                  .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata))
                  .connect(this);
    }

    void open() {
      send(
          WorkerMessage.newBuilder()
              .setRegister(
                  Register.newBuilder()
                      .setProtocolVersion(PROTOCOL_VERSION)
                      .setWorkerId(UUID.randomUUID().toString())
                      .setName("simulated-" + number)
                      .setVersion("bench")
                      .setArchitecture("x86_64")
                      .setHostKernel("none")
                      .setCapacity(
                          Capacity.newBuilder()
                              .setCpus(slots)
                              .setMemoryMib(slots * MEMORY_PER_SLOT)
                              .setScratchMib(slots * SCRATCH_PER_SLOT))
                      .addVmms(
                          Vmm.newBuilder()
                              .setName("simulated")
                              .setVersion("1")
                              .setAccelerator("none")
                              .setUsable(true))
                      .addBundleDigests(BUNDLE))
              .build());
    }

    private synchronized void send(WorkerMessage message) {
      if (!closing) {
        out.onNext(message);
      }
    }

    @Override
    public void onNext(OrchestratorMessage message) {
      switch (message.getMessageCase()) {
        case REGISTERED -> {
          // Spread over the interval, as a thousand hosts would be.
          long first = HEARTBEAT.toMillis() * (number % 100) / 100;
          heartbeat();
          clock.scheduleAtFixedRate(
              this::heartbeat, first, HEARTBEAT.toMillis(), TimeUnit.MILLISECONDS);
          registered.countDown();
        }
        case ASSIGNMENT -> take(message.getAssignment().getAttempt());
        case REPORT_ACK -> {
          if (message.getReportAck().getReportNumber() == 3
              && running.remove(message.getReportAck().getAttempt())) {
            finished.incrementAndGet();
          }
        }
        default -> {} // Nothing that a worker without microVMs has to do.
      }
    }

    private void heartbeat() {
      send(
          WorkerMessage.newBuilder()
              .setHeartbeat(Heartbeat.newBuilder().addAllRunningAttempts(running))
              .build());
    }

    private void take(AttemptRef attempt) {
      long now = System.nanoTime();
      if (!known.add(attempt)) {
        return;
      }
      running.add(attempt);
      if (assigned.putIfAbsent(UUID.fromString(attempt.getJobId()), now) != null) {
        repeated.incrementAndGet();
      }
      send(report(attempt, 1, 1).setPreparing(Preparing.getDefaultInstance()));
      send(report(attempt, 2, 2).setRunning(Running.newBuilder().setVmm("simulated")));
      clock.schedule(
          () ->
              send(
                  report(attempt, 3, 4)
                      .setFinished(Finished.newBuilder().setExited(Exited.getDefaultInstance()))),
          takes.toMillis(),
          TimeUnit.MILLISECONDS);
    }

    private void send(AttemptReport.Builder report) {
      send(WorkerMessage.newBuilder().setReport(report).build());
    }

    private static AttemptReport.Builder report(AttemptRef attempt, long number, int phases) {
      AttemptReport.Builder report =
          AttemptReport.newBuilder().setAttempt(attempt).setReportNumber(number);
      List.of("PREPARED", "READY", "EXECUTING", "ENDED")
          .subList(0, phases)
          .forEach(phase ->
              report.addPhases(
                  PhaseTime.newBuilder().setPhase(phase).setMicrosSinceAssigned(phases)));
      return report;
    }

    @Override
    public void onError(Throwable broken) {
      if (!closing) {
        failure.compareAndSet(null, broken);
      }
    }

    @Override
    public void onCompleted() {}

    private synchronized void close() {
      closing = true;
      channel.shutdownNow();
    }
  }
}
