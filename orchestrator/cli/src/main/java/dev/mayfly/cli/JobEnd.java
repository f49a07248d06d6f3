package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.client.FollowEnd;
import dev.mayfly.client.FollowRequest;
import dev.mayfly.client.MayflyClient;
import java.io.IOException;
import java.util.Set;

/** Waits for the end of a job without its log. */
final class JobEnd {
  private JobEnd() {}

  static JobView await(MayflyClient client, JobView job) throws IOException, InterruptedException {
    if (job.state().equals(JobState.FINISHED.name())) {
      return job; // its log may be gone by now
    }
    // What Mayfly itself says is the shortest stream; its end is the job's end.
    FollowRequest request =
        new FollowRequest(JobId.parse(job.id()), Set.of(LogStream.SYSTEM), null, null);
    if (client.follow(request, piece -> true) instanceof FollowEnd.JobEnded ended) {
      return ended.job();
    }
    throw new IllegalStateException("the log ended before the job did");
  }
}
