package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.client.FollowEnd;
import dev.mayfly.client.FollowRequest;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.MayflyException;
import java.io.IOException;

/** Follows a submitted job to its end: prints its log, says why it waits, and obeys Ctrl-C. */
final class JobRun {
  private final MayflyClient client;
  private final Output output;
  private final Interruption interruption;

  JobRun(MayflyClient client, Output output, Interruption interruption) {
    this.client = client;
    this.output = output;
    this.interruption = interruption;
  }

  /**
   * Returns the job when it has ended.
   *
   * @param logToStderr whether standard output is kept for something else
   */
  JobView follow(JobView submitted, boolean logToStderr)
      throws IOException, CommandFailed, InterruptedException {
    JobId id = JobId.parse(submitted.id());
    WaitingReport waiting = new WaitingReport(client, id, output);
    LogPrinter printer = new LogPrinter(output, logToStderr, waiting::stop);
    try {
      waiting.start();
      FollowEnd end = client.follow(FollowRequest.all(id), printer);
      printer.finish();
      if (end instanceof FollowEnd.JobEnded ended) {
        return ended.job();
      }
      throw new IllegalStateException("the log ended before the job did");
    } catch (OutputClosed closed) {
      cancelForWantOfAReader(id);
      throw closed;
    } catch (MayflyException lost) {
      output.sayIfPossible("job " + id + " goes on; see mayfly logs -f " + id);
      throw lost;
    } finally {
      waiting.stop();
      interruption.jobEnded();
    }
  }

  /** What runs in front of {@code head} ends with it; so does a job. */
  private void cancelForWantOfAReader(JobId id) throws InterruptedException {
    try {
      client.cancel(id);
    } catch (MayflyException notCancelled) {
      output.sayIfPossible("job " + id + " could not be cancelled: " + notCancelled.getMessage());
    }
  }
}
