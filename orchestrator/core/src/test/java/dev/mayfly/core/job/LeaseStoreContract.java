package dev.mayfly.core.job;

import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.WorkerId;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What a {@link JobStore} keeps of leases: those of workers, and those of sessions. */
abstract class LeaseStoreContract extends StoreFixture {
  @Test
  void aCommitUnderALeaseThatWasRenewedMeanwhileIsRefused() {
    Job job = placed();
    Instant end = job.currentAttempt().lease().expiresAt();
    Instant later = end.plusSeconds(30);
    jobs.renew(worker.id(), List.of(claim(job)), NOON, later);
    JobStep lost =
        JobMachine.apply(
            job,
            new JobEvent.OnAttempt(
                claim(job).attempt(),
                claim(job).epoch(),
                new AttemptEvent.LeaseExpired(end.plusSeconds(1))));
    assertThat(jobs.commit(job, ((JobStep.Changed) lost).job())).isFalse();
    assertThat(read(job).currentAttempt().lease().expiresAt()).isEqualTo(later);
    assertThat(read(job).currentAttempt().finished()).isFalse();
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
    Instant until = held.currentAttempt().lease().expiresAt().plusSeconds(5);
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
  void aRenewalNeverShortensALease() {
    Job job = placed();
    Instant end = job.currentAttempt().lease().expiresAt();
    JobStore.Renewal renewal =
        jobs.renew(worker.id(), List.of(claim(job)), NOON, end.minusSeconds(1));
    assertThat(renewal.renewed()).containsExactly(claim(job));
    assertThat(read(job).currentAttempt().lease().expiresAt()).isEqualTo(end);
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
  void theRestOfAnEarlierAttemptsLogIsStillWanted() {
    Job first = placed();
    Job again =
        end(first, new Outcome.Faulted(FaultCode.VMM_DIED, "It died."), 2, NOON.plusSeconds(1));
    Job second = placed(again);
    JobStore.Renewal renewal =
        jobs.renew(worker.id(), List.of(claim(first), claim(second)), NOON, NOON.plusSeconds(60));
    assertThat(renewal.renewed()).containsExactly(claim(second));
    assertThat(renewal.voided()).isEmpty();
    assertThat(jobs.expired(NOON.plusSeconds(50), 10)).isEmpty();
    assertThat(jobs.activeOn(worker.id())).hasSize(1);
  }

  @Test
  void aLostAttemptIsFencedByTheNextOnesEpoch() {
    Job first = placed();
    Job again =
        apply(first, new AttemptEvent.LeaseExpired(first.currentAttempt().lease().expiresAt()));
    Job second = placed(again);
    assertThat(claim(second).epoch()).isEqualTo(claim(first).epoch().next());
    assertThat(jobs.renew(worker.id(), List.of(claim(first)), NOON, NOON.plusSeconds(60)).voided())
        .containsExactly(claim(first));
    assertThat(read(second)).isEqualTo(second);
  }

  @Test
  void sessionsAreFoundWhenTheirFrontEndHasNotRenewedThem() {
    Instant end = NOON.plus(Examples.SESSION.lease());
    Job queued = submitted(Examples.session(NOON));
    Job active = placed(submitted(Examples.session(NOON)));
    Job ending = placed(submitted(Examples.session(NOON)));
    commit(ending, new JobEvent.EndRequested(new EndRequest.Release(0), NOON));
    finish(placed(submitted(Examples.session(NOON))), 0);
    placed();
    assertThat(jobs.sessionsExpired(end.minusMillis(1), 10)).isEmpty();
    assertThat(jobs.sessionsExpired(end, 10)).containsExactlyInAnyOrder(queued, active);
    assertThat(jobs.sessionsExpired(end, 1)).hasSize(1);
    assertThat(jobs.renewSession(active.id(), end.plusSeconds(5))).isTrue();
    assertThat(jobs.sessionsExpired(end, 10)).containsExactly(queued);
    assertThat(jobs.sessionsExpired(end.plusSeconds(5), 10)).hasSize(2);
  }

  @Test
  void aSessionsLeaseMovesForwardOnlyAndOnlyWhileItLives() {
    Job session = submitted(Examples.session(NOON));
    Instant later = NOON.plusSeconds(300);
    assertThat(jobs.renewSession(session.id(), later)).isTrue();
    assertThat(jobs.renewSession(session.id(), NOON)).isTrue();
    assertThat(read(session).sessionUntil()).isEqualTo(later);
    assertThat(jobs.renewSession(submitted().id(), later)).isFalse();
    assertThat(jobs.renewSession(Examples.id(), later)).isFalse();
    commit(read(session), new JobEvent.EndRequested(new EndRequest.Release(0), NOON));
    assertThat(jobs.renewSession(session.id(), later.plusSeconds(1))).isFalse();
  }

  @Test
  void aCommitNeitherLosesARenewalNorIsRefusedForIt() {
    Job session = submitted(Examples.session(NOON));
    Instant later = NOON.plusSeconds(300);
    jobs.renewSession(session.id(), later);
    Job placed = placed(session);
    assertThat(read(placed).sessionUntil()).isEqualTo(later);
    jobs.renewSession(session.id(), later.plusSeconds(1));
    commit(placed, new JobEvent.EndRequested(new EndRequest.Release(0), NOON));
    assertThat(read(placed).sessionUntil()).isEqualTo(later.plusSeconds(1));
  }
}
