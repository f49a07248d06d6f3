package dev.mayfly.client.fake;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.JobState;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.AttemptView;
import dev.mayfly.api.rest.ExplanationView;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.LogEvent;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.api.rest.PhaseView;
import dev.mayfly.api.rest.ShapeView;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A job of the fake orchestrator; a {@link FakeOrchestrator.Script} lives its life. */
public final class FakeJob {
  private static final String TIME = "2026-11-21T10:00:00.000000Z";
  private static final String DIGEST = "sha256:" + "0123456789abcdef".repeat(4);

  private final String id;
  private final JobRequest request;
  private final List<Chunk> chunks = new ArrayList<>();
  private final List<PhaseView> phases = new ArrayList<>();
  private JobState state = JobState.QUEUED;
  private @Nullable String waitingBecause;
  private @Nullable OutcomeView outcome;
  private boolean cancelRequested;
  private @Nullable ExplanationView explanation;
  private final List<AttemptView> ended = new ArrayList<>();
  private int attempts;
  private long logBytes;

  record Chunk(int attempt, LogStream stream, byte[] bytes) {}

  FakeJob(String id, JobRequest request) {
    this.id = id;
    this.request = request;
    phase("QUEUED", 0);
  }

  public String id() {
    return id;
  }

  public JobRequest request() {
    return request;
  }

  public synchronized void waits(String because) {
    waitingBecause = because;
    notifyAll();
  }

  public synchronized void waits(ExplanationView because) {
    explanation = because;
    waits(because.text());
  }

  synchronized @Nullable ExplanationView explanation() {
    return state == JobState.QUEUED
        ? explanation == null ? new ExplanationView(null, false, 0, List.of(), "") : explanation
        : null;
  }

  public synchronized void starts() {
    waitingBecause = null;
    state = JobState.ACTIVE;
    attempts++;
    phases.subList(1, phases.size()).clear();
    phase("PLACED", 5_000);
    phase("READY", 900_000);
    notifyAll();
  }

  private void phase(String name, long micros) {
    phases.add(new PhaseView(name, TIME, micros));
  }

  public synchronized void writes(LogStream stream, byte[] bytes) {
    chunks.add(new Chunk(Math.max(1, attempts), stream, bytes.clone()));
    logBytes += bytes.length;
    notifyAll();
  }

  public void writes(LogStream stream, String text) {
    writes(stream, text.getBytes(StandardCharsets.UTF_8));
  }

  /** The attempt ends in a fault and the job waits again. */
  public synchronized void isRetriedAfter(FaultCode code, String detail) {
    OutcomeView how = new OutcomeView("FAULTED", null, code.name(), code.blame().name(), detail);
    ended.add(attempt(how));
    writes(LogStream.SYSTEM, "mayfly: attempt " + attempts + " ended: " + code + "\n");
    state = JobState.QUEUED;
    notifyAll();
  }

  public void exits(int code) {
    ends(new OutcomeView("EXITED", code, null, null, null));
  }

  public void faults(FaultCode code, String detail) {
    ends(new OutcomeView("FAULTED", null, code.name(), code.blame().name(), detail));
  }

  public void isCancelled() {
    ends(new OutcomeView("CANCELLED", null, null, null, null));
  }

  private synchronized void ends(OutcomeView how) {
    waitingBecause = null;
    if (state == JobState.ACTIVE) {
      ended.add(attempt(how));
    }
    state = JobState.FINISHED;
    outcome = how;
    phase("ENDED", 1_500_000);
    notifyAll();
  }

  synchronized void requestCancel() {
    cancelRequested = true;
    notifyAll();
  }

  /** Waits until somebody asks that the job be cancelled. */
  public synchronized boolean awaitCancelRequest(long seconds) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (!cancelRequested && System.nanoTime() < deadline) {
      wait(50);
    }
    return cancelRequested;
  }

  public synchronized boolean cancelRequested() {
    return cancelRequested;
  }

  synchronized boolean finished() {
    return state == JobState.FINISHED;
  }

  /** Waits for a chunk with that index, for the end, or for the time given; whichever is first. */
  synchronized void awaitChunk(int index, long millis) throws InterruptedException {
    if (chunks.size() <= index && state != JobState.FINISHED) {
      wait(millis);
    }
  }

  synchronized List<Chunk> chunksFrom(int index) {
    return List.copyOf(chunks.subList(Math.min(index, chunks.size()), chunks.size()));
  }

  static LogEvent event(int index, Chunk chunk) {
    return new LogEvent(
        "c" + (index + 1),
        chunk.stream().name(),
        TIME,
        Base64.getEncoder().encodeToString(chunk.bytes()));
  }

  synchronized List<AttemptView> attempts() {
    List<AttemptView> all = new ArrayList<>(ended);
    if (state == JobState.ACTIVE) {
      all.add(attempt(null));
    }
    return all;
  }

  private AttemptView attempt(@Nullable OutcomeView how) {
    return new AttemptView(
        attempts,
        "worker-" + attempts,
        how == null ? "RUNNING" : "FINISHED",
        false,
        TIME,
        List.copyOf(phases),
        how,
        "qemu 7.2 tcg",
        "6.1.0",
        2048,
        bytesOf(attempts),
        false);
  }

  private long bytesOf(int attempt) {
    return chunks.stream()
        .filter(chunk -> chunk.attempt() == attempt)
        .mapToLong(chunk -> chunk.bytes().length)
        .sum();
  }

  synchronized JobView view() {
    List<String> command = request.command();
    boolean queued = state == JobState.QUEUED;
    return new JobView(
        id,
        state.name(),
        String.valueOf(request.image()),
        DIGEST,
        "x86_64",
        request.session() == null ? "BATCH" : "SESSION",
        command == null ? List.of() : command,
        or(request.workingDirectory(), "/workspace"),
        or(request.user(), "root"),
        new ShapeView(1, 512, 2048),
        or(request.labels(), List.of()),
        or(request.network(), "USER"),
        or(request.project(), "default"),
        or(request.priority(), "NORMAL"),
        or(request.timeoutSeconds(), 3600),
        or(request.queueTimeoutSeconds(), 86_400),
        or(request.maxAttempts(), 3),
        or(request.logLimitBytes(), 104_857_600L),
        TIME,
        queued ? TIME : null,
        null,
        queued ? waitingBecause : null,
        cancelRequested,
        cancelRequested ? "CANCEL" : null,
        null,
        queued ? null : "worker-" + Math.max(1, attempts),
        outcome,
        List.copyOf(phases),
        attempts,
        (int) ended.stream().filter(attempt -> faulted(attempt)).count(),
        logBytes,
        "qemu 7.2 tcg",
        "6.1.0",
        2048);
  }

  private static boolean faulted(AttemptView attempt) {
    OutcomeView how = attempt.outcome();
    return how != null && how.kind().equals("FAULTED");
  }

  private static <T> T or(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
