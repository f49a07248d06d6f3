package dev.mayfly.core.job;

import static dev.mayfly.core.job.Examples.NOON;
import static dev.mayfly.core.job.Examples.chunk;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.log.LogCursor;
import dev.mayfly.core.log.LogStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every implementation of the stores keeps; each test starts with empty stores. */
public abstract class StoreContract {
  private JobStore jobs;
  private WorkerStore workers;
  private ImageStore images;
  private LogStore logs;
  private final Worker worker = Examples.worker("host-1", NOON);

  /** The four stores over one empty database. */
  public record Stores(JobStore jobs, WorkerStore workers, ImageStore images, LogStore logs) {}

  protected abstract Stores emptyStores();

  @BeforeEach
  void open() {
    Stores stores = emptyStores();
    jobs = stores.jobs();
    workers = stores.workers();
    images = stores.images();
    logs = stores.logs();
    workers.register(worker);
  }

  private Job submitted() {
    Job job = Examples.job(NOON);
    assertThat(jobs.submit(job, null)).isEqualTo(new Submission.Accepted(job));
    return job;
  }

  private Job placed() {
    return placed(submitted());
  }

  private Job placed(Job job) {
    JobStep step =
        JobMachine.apply(job, new JobEvent.Placed(worker.id(), LeasePolicy.DEFAULT, NOON));
    Job after = ((JobStep.Changed) step).job();
    assertThat(jobs.commitPlacement(job, after)).isTrue();
    return after;
  }

  private Job apply(Job job, AttemptEvent event) {
    Attempt attempt = job.currentAttempt();
    JobStep step =
        JobMachine.apply(job, new JobEvent.OnAttempt(attempt.id(), attempt.lease().epoch(), event));
    Job after = ((JobStep.Changed) step).job();
    assertThat(jobs.commit(job, after)).isTrue();
    return after;
  }

  private Job finish(Job job, long logChunks) {
    return apply(
        job,
        new AttemptEvent.Reported(
            1,
            Map.of(Phase.ENDED, 5L),
            new AttemptEvent.Change.Finished(new Outcome.Exited(3), logChunks, 77, NOON)));
  }

  private static JobStore.Claim claim(Job job) {
    Attempt attempt = job.currentAttempt();
    return new JobStore.Claim(attempt.id(), attempt.lease().epoch());
  }

  private Job read(Job job) {
    return jobs.find(job.id()).orElseThrow();
  }

  @Test
  void aJobIsReadAsItWasStored() {
    Job job = submitted();
    assertThat(read(job)).isEqualTo(job);
    assertThat(jobs.find(Examples.id())).isEmpty();
  }

  @Test
  void everyStateOfAJobIsReadAsItWasStored() {
    Job job = placed();
    assertThat(read(job)).isEqualTo(job);
    job =
        apply(
            job,
            new AttemptEvent.Reported(
                1, Map.of(Phase.PREPARED, 12L), new AttemptEvent.Change.Preparing()));
    assertThat(read(job)).isEqualTo(job);
    job =
        apply(
            job,
            new AttemptEvent.Reported(
                2,
                Map.of(Phase.BOOTED, 34L, Phase.READY, 56L, Phase.EXECUTING, 78L),
                new AttemptEvent.Change.Running("qemu 7.2 tcg", "6.1.0")));
    assertThat(read(job)).isEqualTo(job);
    job =
        apply(
            job,
            new AttemptEvent.Reported(
                3,
                Map.of(Phase.ENDED, 90L, Phase.DESTROYED, 99L),
                new AttemptEvent.Change.Finished(
                    new Outcome.Faulted(FaultCode.DISK_FULL, "It was full."), 0, 4711, NOON)));
    assertThat(read(job)).isEqualTo(job);
    assertThat(job.spec().environment()).isEmpty();
  }

  @Test
  void oneKeyNeverMakesTwoJobs() {
    IdempotencyKey key = new IdempotencyKey("gitlab-1", "f1");
    assertThat(jobs.submitted(key)).isEmpty();
    Job job = Examples.job(NOON);
    assertThat(jobs.submit(job, key)).isEqualTo(new Submission.Accepted(job));
    assertThat(jobs.submit(Examples.job(NOON), key)).isEqualTo(new Submission.Repeated(job));
    assertThat(jobs.submitted(key)).contains(new Submission.Repeated(job));
    IdempotencyKey different = new IdempotencyKey("gitlab-1", "f2");
    assertThat(jobs.submit(Examples.job(NOON), different))
        .isEqualTo(new Submission.KeyTaken(job.id()));
    assertThat(jobs.submitted(different)).contains(new Submission.KeyTaken(job.id()));
    assertThat(jobs.countQueued(10)).isEqualTo(1);
  }

  @Test
  void aStaleCommitIsRefusedAndChangesNothing() {
    Job job = submitted();
    Job placed = placed(job);
    JobStep cancel = JobMachine.apply(job, new JobEvent.CancelRequested(NOON));
    assertThat(jobs.commit(job, ((JobStep.Changed) cancel).job())).isFalse();
    assertThat(jobs.commitPlacement(job, placed)).isFalse();
    assertThat(read(job)).isEqualTo(placed);
  }

  @Test
  void aCommitUnderALeaseThatWasRenewedMeanwhileIsRefused() {
    Job job = placed();
    Instant later = NOON.plusSeconds(60);
    jobs.renew(worker.id(), List.of(claim(job)), NOON, later);
    JobStep lost =
        JobMachine.apply(
            job,
            new JobEvent.OnAttempt(
                claim(job).attempt(),
                claim(job).epoch(),
                new AttemptEvent.LeaseExpired(NOON.plusSeconds(31))));
    assertThat(jobs.commit(job, ((JobStep.Changed) lost).job())).isFalse();
    assertThat(read(job).currentAttempt().lease().expiresAt()).isEqualTo(later);
    assertThat(read(job).currentAttempt().finished()).isFalse();
  }

  @Test
  void aPlacementThatNoLongerFitsIsRefused() {
    Job big = Examples.job(NOON, new Shape(3, 512, 2048));
    Job second = Examples.job(NOON, new Shape(2, 512, 2048));
    jobs.submit(big, null);
    jobs.submit(second, null);
    placed(big);
    JobStep step =
        JobMachine.apply(second, new JobEvent.Placed(worker.id(), LeasePolicy.DEFAULT, NOON));
    assertThat(jobs.commitPlacement(second, ((JobStep.Changed) step).job())).isFalse();
    assertThat(read(second)).isEqualTo(second);
  }

  @Test
  void theQueueIsOldestFirstAndBounded() {
    Job first = submitted();
    Job second = submitted();
    Job third = submitted();
    placed(second);
    assertThat(jobs.queued(10)).containsExactly(first, third);
    assertThat(jobs.queued(1)).containsExactly(first);
    assertThat(jobs.countQueued(10)).isEqualTo(2);
    assertThat(jobs.countQueued(1)).isEqualTo(1);
  }

  @Test
  void whyAJobWaitsIsKeptOnlyWhileItWaits() {
    Job job = submitted();
    jobs.explain(job.id(), "No worker.");
    assertThat(read(job).progress()).isEqualTo(new JobProgress.Queued("No worker."));
    Job placed = placed(job);
    jobs.explain(job.id(), "Too late.");
    assertThat(read(job)).isEqualTo(placed);
  }

  @Test
  void listingFiltersAndPagesNewestFirst() {
    Job first = submitted();
    Job second = placed();
    Job third = submitted();
    assertThat(ids(new JobQuery(null, null, null, null, 10)))
        .containsExactly(third.id(), second.id(), first.id());
    assertThat(ids(new JobQuery(null, null, null, null, 2)))
        .containsExactly(third.id(), second.id());
    assertThat(ids(new JobQuery(null, null, null, second.id(), 2))).containsExactly(first.id());
    assertThat(ids(new JobQuery(JobState.QUEUED, Examples.DEBIAN, null, null, 10)))
        .containsExactly(third.id(), first.id());
    assertThat(ids(new JobQuery(null, null, "host-1", null, 10))).containsExactly(second.id());
    assertThat(ids(new JobQuery(null, null, worker.id().toString(), null, 10)))
        .containsExactly(second.id());
    assertThat(ids(new JobQuery(null, null, "nobody", null, 10))).isEmpty();
    assertThat(ids(new JobQuery(JobState.FINISHED, null, null, null, 10))).isEmpty();
  }

  private List<JobId> ids(JobQuery query) {
    return jobs.list(query).stream().map(Job::id).toList();
  }

  @Test
  void activeJobsAreFoundByTheirWorker() {
    Job job = placed();
    Job ended = placed();
    finish(ended, 0);
    assertThat(jobs.activeOn(worker.id())).containsExactly(job);
    assertThat(jobs.activeOn(new WorkerId(UUID.randomUUID()))).isEmpty();
  }

  @Test
  void onlyExpiredLeasesOfUnfinishedAttemptsAreFound() {
    Job job = placed();
    finish(placed(), 0);
    Instant end = job.currentAttempt().lease().expiresAt();
    assertThat(jobs.expired(end.minusMillis(1), 10)).isEmpty();
    assertThat(jobs.expired(end, 10)).containsExactly(job);
  }

  @Test
  void leasesAreRenewedOnlyForWhoHoldsThem() {
    Job held = placed();
    Job ended = finish(placed(), 0);
    Job logPending = finish(placed(), 2);
    Instant now = NOON.plusSeconds(5);
    Instant until = NOON.plusSeconds(35);
    JobStore.Claim oldEpoch = new JobStore.Claim(claim(held).attempt(), new LeaseEpoch(9));
    JobStore.Claim unknown =
        new JobStore.Claim(new dev.mayfly.api.AttemptId(Examples.id(), 1), new LeaseEpoch(1));
    JobStore.Renewal renewal =
        jobs.renew(
            worker.id(),
            List.of(claim(held), claim(ended), claim(logPending), oldEpoch, unknown),
            now,
            until);
    assertThat(renewal.renewed()).containsExactly(claim(held));
    assertThat(renewal.voided()).containsExactlyInAnyOrder(claim(ended), oldEpoch, unknown);
    assertThat(read(held).currentAttempt().lease().expiresAt()).isEqualTo(until);
    assertThat(
            jobs.renew(new WorkerId(UUID.randomUUID()), List.of(claim(held)), now, until).voided())
        .containsExactly(claim(held));
  }

  @Test
  void anExpiredLeaseIsNeverRenewed() {
    Job job = placed();
    Instant end = job.currentAttempt().lease().expiresAt();
    JobStore.Renewal renewal =
        jobs.renew(worker.id(), List.of(claim(job)), end, end.plusSeconds(30));
    assertThat(renewal.renewed()).isEmpty();
    assertThat(renewal.voided()).containsExactly(claim(job));
  }

  @Test
  void aLeaseCanBeShortenedButNotLengthened() {
    Job job = placed();
    jobs.shorten(claim(job), NOON.plusSeconds(10));
    assertThat(read(job).currentAttempt().lease().expiresAt()).isEqualTo(NOON.plusSeconds(10));
    jobs.shorten(claim(job), NOON.plusSeconds(20));
    assertThat(read(job).currentAttempt().lease().expiresAt()).isEqualTo(NOON.plusSeconds(10));
  }

  @Test
  void theFleetShowsWhatUnfinishedAttemptsReserve() {
    placed();
    finish(placed(), 0);
    FleetView fleet = workers.fleet();
    assertThat(fleet.members()).hasSize(1);
    assertThat(fleet.members().getFirst().worker()).isEqualTo(worker);
    assertThat(fleet.members().getFirst().used()).isEqualTo(new Capacity(1, 512, 2048));
  }

  @Test
  void aWorkerIsAsItLastRegisteredAndWasHeardOf() {
    Worker again =
        new Worker(
            worker.id(),
            "renamed",
            WorkerState.ONLINE,
            "0.2",
            "x86_64",
            "6.2",
            new Capacity(1, 2, 3),
            List.of(),
            Set.of(),
            NOON.plusSeconds(1));
    workers.register(again);
    assertThat(workers.find(worker.id())).contains(again);
    workers.mark(worker.id(), WorkerState.SILENT);
    assertThat(workers.find(worker.id()).orElseThrow().state()).isEqualTo(WorkerState.SILENT);
    assertThat(workers.heartbeat(worker.id(), NOON.plusSeconds(2), Set.of(Examples.OTHER_BUNDLE)))
        .isTrue();
    assertThat(workers.heartbeat(worker.id(), NOON.plusSeconds(3), Set.of())).isTrue();
    Worker heard = workers.find(worker.id()).orElseThrow();
    assertThat(heard.state()).isEqualTo(WorkerState.ONLINE);
    assertThat(heard.bundles()).containsExactly(Examples.OTHER_BUNDLE);
    assertThat(heard.lastSeenAt()).isEqualTo(NOON.plusSeconds(3));
    assertThat(workers.heartbeat(new WorkerId(UUID.randomUUID()), NOON, Set.of())).isFalse();
  }

  @Test
  void onlyWhoIsOnlineAndUnheardIsMarkedSilent() {
    Worker fresh = Examples.worker("fresh", NOON.plusSeconds(10));
    Worker left = Examples.worker("left", NOON);
    workers.register(fresh);
    workers.register(left);
    workers.mark(left.id(), WorkerState.LEFT);
    assertThat(workers.markSilent(NOON.plusSeconds(5))).isEqualTo(1);
    assertThat(
            workers.fleet().members().stream()
                .collect(
                    Collectors.toMap(
                        member -> member.worker().name(), member -> member.worker().state())))
        .isEqualTo(
            Map.of(
                "host-1", WorkerState.SILENT,
                "fresh", WorkerState.ONLINE,
                "left", WorkerState.LEFT));
  }

  @Test
  void anImageNameMoves() {
    Image image = Examples.image(NOON);
    assertThat(images.publish(image)).isEqualTo(image);
    assertThat(images.publish(Examples.image(NOON.plusSeconds(1)))).isEqualTo(image);
    Image moved = new Image(image.name(), Examples.OTHER_BUNDLE, "x86_64", 5, NOON.plusSeconds(2));
    assertThat(images.publish(moved)).isEqualTo(moved);
    assertThat(images.find(image.name())).contains(moved);
    assertThat(images.list("", 10)).containsExactly(moved);
    assertThat(images.list(image.name().value(), 10)).isEmpty();
    assertThat(images.find(new dev.mayfly.api.ImageRef("other:1"))).isEmpty();
  }

  @Test
  void aLogIsStoredOnceAndReadInOrder() {
    Job job = placed();
    var first = chunk(1, LogStream.STDOUT, "one", NOON);
    var second = chunk(2, LogStream.STDERR, "two", NOON);
    var third = chunk(3, LogStream.STDOUT, "three", NOON);
    assertThat(logs.append(claim(job), List.of(first, second)))
        .isEqualTo(new LogStore.Append.Stored(2));
    assertThat(logs.append(claim(job), List.of(first, second, third)))
        .isEqualTo(new LogStore.Append.Stored(3));
    assertThat(logs.append(claim(job), List.of(second))).isEqualTo(new LogStore.Append.Stored(3));
    assertThat(read(job).currentAttempt().log()).isEqualTo(new Attempt.StoredLog(3, 11, null));
    LogStore.Slice all = read(job, LogCursor.startOf(1), EnumSet.allOf(LogStream.class), 100);
    assertThat(all.pieces().stream().map(LogStore.Piece::chunk))
        .containsExactly(first, second, third);
    assertThat(all.next()).isEqualTo(new LogCursor(1, 4, 0));
  }

  @Test
  void aLogIsCutAtAnyByteAndContinuesThere() {
    Job job = placed();
    logs.append(
        claim(job),
        List.of(
            chunk(1, LogStream.STDOUT, "abc", NOON),
            chunk(2, LogStream.STDERR, "XY", NOON),
            chunk(3, LogStream.STDOUT, "defg", NOON)));
    StringBuilder text = new StringBuilder();
    LogCursor cursor = LogCursor.startOf(1);
    for (int i = 0; i < 7; i++) {
      LogStore.Slice slice = read(job, cursor, Set.of(LogStream.STDOUT), 2);
      for (LogStore.Piece piece : slice.pieces()) {
        text.append(new String(piece.chunk().bytes(), StandardCharsets.UTF_8));
      }
      cursor = slice.next();
    }
    assertThat(text).hasToString("abcdefg");
    assertThat(cursor).isEqualTo(new LogCursor(1, 4, 0));
    LogStore.Slice none = read(job, LogCursor.startOf(1), Set.of(LogStream.CONSOLE), 100);
    assertThat(none.pieces()).isEmpty();
    assertThat(none.next()).isEqualTo(new LogCursor(1, 4, 0));
  }

  private LogStore.Slice read(Job job, LogCursor from, Set<LogStream> streams, int bytes) {
    return logs.read(job.id(), from, streams, bytes, 1000);
  }

  @Test
  void aGapInALogIsRefusedAndAVoidLeaseUnwanted() {
    Job job = placed();
    assertThat(logs.append(claim(job), List.of(chunk(2, LogStream.STDOUT, "x", NOON))))
        .isEqualTo(new LogStore.Append.Gap(1));
    JobStore.Claim old = new JobStore.Claim(claim(job).attempt(), new LeaseEpoch(2));
    assertThat(logs.append(old, List.of(chunk(1, LogStream.STDOUT, "x", NOON))))
        .isEqualTo(new LogStore.Append.Unwanted());
    assertThat(read(job).currentAttempt().log().chunks()).isZero();
  }

  @Test
  void theRestOfALogIsWantedAfterTheEndAndNoMore() {
    Job job = placed();
    logs.append(claim(job), List.of(chunk(1, LogStream.STDOUT, "x", NOON)));
    finish(read(job), 2);
    assertThat(
            logs.append(
                claim(job),
                List.of(
                    chunk(2, LogStream.STDOUT, "y", NOON), chunk(3, LogStream.STDOUT, "z", NOON))))
        .isEqualTo(new LogStore.Append.Stored(2));
    assertThat(read(job).currentAttempt().logComplete()).isTrue();
    assertThat(logs.append(claim(job), List.of(chunk(3, LogStream.STDOUT, "z", NOON))))
        .isEqualTo(new LogStore.Append.Unwanted());
  }

  @Test
  void aCommitDoesNotTouchWhatTheLogHasGrownTo() {
    Job job = placed();
    logs.append(claim(job), List.of(chunk(1, LogStream.STDOUT, "x", NOON)));
    finish(job, 1);
    assertThat(read(job).currentAttempt().log()).isEqualTo(new Attempt.StoredLog(1, 1, null));
  }

  @Test
  void retentionRemovesOldLogsAndOldJobsOnly() {
    Job old = placed();
    logs.append(claim(old), List.of(chunk(1, LogStream.STDOUT, "x", NOON)));
    finish(read(old), 1);
    Job running = placed();
    Instant after = NOON.plus(Duration.ofDays(1));
    assertThat(logs.removeFinished(NOON, after, 10)).isZero();
    assertThat(logs.removeFinished(after, after, 10)).isEqualTo(1);
    assertThat(logs.removeFinished(after, after, 10)).isZero();
    Attempt.StoredLog log = Objects.requireNonNull(read(old).attempt()).log();
    assertThat(log).isEqualTo(new Attempt.StoredLog(1, 1, after));
    assertThat(read(old, LogCursor.startOf(1), EnumSet.allOf(LogStream.class), 10).pieces())
        .isEmpty();
    assertThat(jobs.removeFinished(NOON, 10)).isZero();
    assertThat(jobs.removeFinished(after, 10)).isEqualTo(1);
    assertThat(jobs.find(old.id())).isEmpty();
    assertThat(jobs.find(running.id())).isPresent();
  }
}
