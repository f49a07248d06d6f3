package dev.mayfly.server.workers;

import dev.mayfly.api.WorkerId;
import dev.mayfly.api.worker.v1.LogAck;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.log.LogChunk;
import dev.mayfly.core.log.LogStore;
import io.grpc.Status;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Stores the log chunks of one connection: those that lie in the mailbox one after another go into
 * one transaction, and are acknowledged after its commit. Used by the connection's thread alone.
 */
class LogIngest {
  private static final int MAX_BATCH_CHUNKS = 64;
  private static final int MAX_BATCH_BYTES = 2 * 1024 * 1024;

  /** As many attempts as a large worker has at once; those forgotten are looked up again. */
  private static final int MAX_REMEMBERED = 1024;

  /** A clock on the wire that says more than this is broken. */
  private static final long MAX_MICROS = 30L * 24 * 3600 * 1_000_000;

  /** What is known of an attempt whose log comes. */
  private static final class Source {
    private final Instant placedAt;
    private Instant renewedAt = Instant.EPOCH;

    private Source(Instant placedAt) {
      this.placedAt = placedAt;
    }
  }

  private final WorkerLinkContext context;
  private final Inbound inbound;
  private final Outbound outbound;
  private final Map<JobStore.Claim, Source> sources =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<JobStore.Claim, Source> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  LogIngest(WorkerLinkContext context, Inbound inbound, Outbound outbound) {
    this.context = context;
    this.inbound = inbound;
    this.outbound = outbound;
  }

  void store(WorkerId worker, dev.mayfly.api.worker.v1.LogChunk first) {
    JobStore.Claim claim = WireCodec.claim(first.getAttempt());
    List<dev.mayfly.api.worker.v1.LogChunk> batch = batch(first);
    long last = batch.getLast().getSequence();
    Source source = source(worker, claim);
    if (source == null) {
      acknowledge(first, last);
      return;
    }
    List<LogChunk> chunks = batch.stream().map(chunk -> chunk(chunk, source)).toList();
    switch (context.logs().append(claim, chunks)) {
      case LogStore.Append.Stored(long sequence) -> {
        acknowledge(first, sequence);
        renew(worker, claim, source);
        context.feed().nudge(claim.attempt().job());
      }
      case LogStore.Append.Unwanted _ -> acknowledge(first, last);
      case LogStore.Append.Gap(long expected) ->
          outbound.close(
              Status.FAILED_PRECONDITION.withDescription(
                  "log_chunk.sequence: "
                      + first.getSequence()
                      + " of attempt "
                      + claim.attempt()
                      + " came where "
                      + expected
                      + " was due; connect again and send from there"));
    }
  }

  private List<dev.mayfly.api.worker.v1.LogChunk> batch(dev.mayfly.api.worker.v1.LogChunk first) {
    List<dev.mayfly.api.worker.v1.LogChunk> batch = new ArrayList<>();
    batch.add(first);
    int bytes = first.getData().size();
    while (batch.size() < MAX_BATCH_CHUNKS
        && bytes < MAX_BATCH_BYTES
        && inbound.peek() instanceof Inbound.Item.Message(WorkerMessage next)
        && next.hasLogChunk()
        && next.getLogChunk().getAttempt().equals(first.getAttempt())) {
      inbound.takePeeked();
      batch.add(next.getLogChunk());
      bytes += next.getLogChunk().getData().size();
    }
    return batch;
  }

  private static LogChunk chunk(dev.mayfly.api.worker.v1.LogChunk chunk, Source source) {
    try {
      return new LogChunk(
          chunk.getSequence(),
          WireCodec.stream(chunk.getStream()),
          source.placedAt.plus(
              Math.clamp(chunk.getMicrosSinceAssigned(), 0, MAX_MICROS), ChronoUnit.MICROS),
          chunk.getData().asReadOnlyByteBuffer(),
          chunk.getExecNumber());
    } catch (IllegalArgumentException invalid) {
      throw new InvalidMessageException("log_chunk", String.valueOf(invalid.getMessage()), invalid);
    }
  }

  /** Null when the attempt is not this worker's: its log is not wanted. */
  private @Nullable Source source(WorkerId worker, JobStore.Claim claim) {
    Source known = sources.get(claim);
    if (known != null) {
      return known;
    }
    Optional<Attempt> attempt =
        context
            .jobs()
            .find(claim.attempt().job())
            .map(Job::attempt)
            .filter(found -> found.id().equals(claim.attempt()))
            .filter(found -> found.worker().equals(worker));
    if (attempt.isEmpty()) {
      return null;
    }
    Source source = new Source(attempt.get().placedAt());
    sources.put(claim, source);
    return source;
  }

  /** A log that flows is as good a sign of life as a heartbeat, which may be stuck behind it. */
  private void renew(WorkerId worker, JobStore.Claim claim, Source source) {
    Instant now = context.clock().instant();
    if (source.renewedAt.plus(context.leases().heartbeatInterval()).isBefore(now)) {
      source.renewedAt = now;
      context.jobs().renew(worker, List.of(claim), now, context.leases().renewedUntil(now));
    }
  }

  private void acknowledge(dev.mayfly.api.worker.v1.LogChunk chunk, long sequence) {
    outbound.send(
        OrchestratorMessage.newBuilder()
            .setLogAck(LogAck.newBuilder().setAttempt(chunk.getAttempt()).setSequence(sequence))
            .build());
  }
}
