package dev.mayfly.server.workers;

import com.google.protobuf.ByteString;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.AttemptReport;
import dev.mayfly.api.worker.v1.ExecEnded;
import dev.mayfly.api.worker.v1.ExecInput;
import dev.mayfly.api.worker.v1.ExecInputAck;
import dev.mayfly.api.worker.v1.ExecSignal;
import dev.mayfly.api.worker.v1.ExecStart;
import dev.mayfly.api.worker.v1.ExecStarted;
import dev.mayfly.api.worker.v1.Exited;
import dev.mayfly.api.worker.v1.Faulted;
import dev.mayfly.api.worker.v1.Finished;
import dev.mayfly.api.worker.v1.LogChunk;
import dev.mayfly.api.worker.v1.LogStream;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.server.TestOrchestrator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;

/** A session in a {@link FakeWorker}, its execs played by hand. */
public final class FakeSession implements AutoCloseable {
  private static final Duration HEARTBEAT = Duration.ofMillis(500);
  private static final Duration WAIT = Duration.ofSeconds(20);

  private final FakeWorker worker;
  private final Thread heartbeats;
  private final List<OrchestratorMessage> aside = new ArrayList<>();
  private final AttemptRef attempt;
  private long reports;
  private long chunks;

  private FakeSession(FakeWorker worker, AttemptRef attempt, long reports, long chunks) {
    this.worker = worker;
    this.attempt = attempt;
    this.reports = reports;
    this.chunks = chunks;
    this.heartbeats = Thread.ofVirtual().name("fake-heartbeats").start(this::beat);
  }

  /** As a worker does; the test orchestrator's leases are short. */
  private void beat() {
    try {
      while (!worker.hasEnded()) {
        worker.heartbeat(attempt);
        Thread.sleep(HEARTBEAT);
      }
    } catch (InterruptedException | IllegalStateException closed) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for the assignment and says that the microVM is ready. */
  public static FakeSession ready(FakeWorker worker) {
    AttemptRef attempt = worker.assigned();
    worker.running(attempt, 1);
    worker.next(OrchestratorMessage::hasReportAck, OrchestratorMessage::getReportAck);
    return new FakeSession(worker, attempt, 1, 0);
  }

  /** The same session after its worker has connected again. */
  public FakeSession reconnected(TestOrchestrator orchestrator, UUID id, boolean restarted) {
    heartbeats.interrupt();
    worker.vanish();
    FakeWorker again = new FakeWorker(orchestrator, id, orchestrator.workerToken());
    var register = again.registration().addRunningAttempts(attempt);
    if (restarted) {
      register.addAssignmentsWanted(attempt);
    }
    again.send(WorkerMessage.newBuilder().setRegister(register).build());
    again.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
    return new FakeSession(again, attempt, reports, chunks);
  }

  public AttemptRef attempt() {
    return attempt;
  }

  public FakeWorker worker() {
    return worker;
  }

  /** The next message of the kind; what is about execs and comes before it is kept for later. */
  private <T> T next(Predicate<OrchestratorMessage> kind, Function<OrchestratorMessage, T> part) {
    for (OrchestratorMessage message : aside) {
      if (kind.test(message)) {
        aside.remove(message);
        return part.apply(message);
      }
    }
    long deadline = System.nanoTime() + WAIT.toNanos();
    while (System.nanoTime() < deadline) {
      OrchestratorMessage message = worker.next(_ -> true, Function.identity());
      if (kind.test(message)) {
        return part.apply(message);
      }
      if (message.hasExecStart() || message.hasExecInput() || message.hasExecSignal()) {
        aside.add(message);
      }
    }
    throw new AssertionError("no such message came in " + WAIT);
  }

  public ExecStart start() {
    return next(OrchestratorMessage::hasExecStart, OrchestratorMessage::getExecStart);
  }

  public ExecInput input() {
    return next(OrchestratorMessage::hasExecInput, OrchestratorMessage::getExecInput);
  }

  public ExecSignal signal() {
    return next(OrchestratorMessage::hasExecSignal, OrchestratorMessage::getExecSignal);
  }

  private void report(AttemptReport.Builder report) {
    reports++;
    worker.send(
        WorkerMessage.newBuilder()
            .setReport(report.setAttempt(attempt).setReportNumber(reports))
            .build());
    next(
        message -> message.hasReportAck() && message.getReportAck().getReportNumber() == reports,
        OrchestratorMessage::getReportAck);
  }

  public void started(int exec) {
    report(AttemptReport.newBuilder().setExecStarted(ExecStarted.newBuilder().setExecNumber(exec)));
  }

  public void exited(int exec, int code) {
    report(
        AttemptReport.newBuilder()
            .setExecEnded(
                ExecEnded.newBuilder()
                    .setExecNumber(exec)
                    .setLogChunks(chunks)
                    .setExited(Exited.newBuilder().setCode(code))));
  }

  public void faulted(int exec, String fault, String detail) {
    report(
        AttemptReport.newBuilder()
            .setExecEnded(
                ExecEnded.newBuilder()
                    .setExecNumber(exec)
                    .setLogChunks(chunks)
                    .setFaulted(Faulted.newBuilder().setCode(fault).setDetail(detail))));
  }

  public void finished(int code) {
    report(
        AttemptReport.newBuilder()
            .setFinished(
                Finished.newBuilder()
                    .setLogChunks(chunks)
                    .setExited(Exited.newBuilder().setCode(code))));
  }

  public void died(String fault) {
    report(
        AttemptReport.newBuilder()
            .setFinished(
                Finished.newBuilder()
                    .setLogChunks(chunks)
                    .setFaulted(Faulted.newBuilder().setCode(fault).setDetail("It died."))));
  }

  public void output(int exec, LogStream stream, byte[] data) {
    chunks++;
    worker.send(
        WorkerMessage.newBuilder()
            .setLogChunk(
                LogChunk.newBuilder()
                    .setAttempt(attempt)
                    .setSequence(chunks)
                    .setStream(stream)
                    .setExecNumber(exec)
                    .setData(ByteString.copyFrom(data)))
            .build());
  }

  public void acknowledge(int exec, long offset, long limit) {
    worker.send(
        WorkerMessage.newBuilder()
            .setExecInputAck(
                ExecInputAck.newBuilder()
                    .setAttempt(attempt)
                    .setExecNumber(exec)
                    .setOffset(offset)
                    .setLimit(limit))
            .build());
  }

  /** Takes all input of an exec until its end, as a process does that reads. */
  public byte[] drain(int exec) {
    java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
    while (true) {
      ExecInput input = input();
      if (input.getExecNumber() != exec || input.getOffset() != all.size()) {
        throw new AssertionError("input came at " + input.getOffset() + ", not at " + all.size());
      }
      all.writeBytes(input.getData().toByteArray());
      acknowledge(exec, all.size(), all.size() + 262_144L);
      if (input.getEnd()) {
        return all.toByteArray();
      }
    }
  }

  @Override
  public void close() {
    heartbeats.interrupt();
    worker.close();
  }
}
