package dev.mayfly.server.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.core.job.EndRequest;
import dev.mayfly.core.job.Examples;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobEvent;
import dev.mayfly.core.job.JobMachine;
import dev.mayfly.core.job.JobStep;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.server.TestOrchestrator;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;
import org.quartz.JobKey;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.TriggerKey;

class RetentionIT {
  private final TestOrchestrator orchestrator = TestOrchestrator.shared();
  private final JobStore jobs = orchestrator.bean(JobStore.class);

  @Test
  void quartzKeepsTheTriggerInTheDatabaseAndRemovesWhatIsOld() throws SchedulerException {
    Scheduler scheduler = orchestrator.bean(Scheduler.class);
    assertThat(scheduler.getMetaData().isJobStoreClustered()).isTrue();
    assertThat(scheduler.getTrigger(TriggerKey.triggerKey("retention")).getNextFireTime())
        .isBefore(Instant.now().plus(Duration.ofMinutes(61)));
    Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);
    Job old = cancelled(now.minus(RetentionJob.JOBS_KEPT).minusSeconds(60));
    Job young = cancelled(now.minus(RetentionJob.JOBS_KEPT).plusSeconds(3600));
    scheduler.triggerJob(JobKey.jobKey("retention"));
    await().atMost(Duration.ofSeconds(20)).until(() -> jobs.find(old.id()).isEmpty());
    assertThat(jobs.find(young.id())).isPresent();
  }

  private Job cancelled(Instant at) {
    Job job = Examples.job(at);
    jobs.submit(job, null);
    Job after =
        ((JobStep.Changed)
                JobMachine.apply(job, new JobEvent.EndRequested(new EndRequest.Cancel(), at)))
            .job();
    assertThat(jobs.commit(job, after)).isTrue();
    return after;
  }
}
