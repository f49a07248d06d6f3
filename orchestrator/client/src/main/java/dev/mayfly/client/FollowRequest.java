package dev.mayfly.client;

import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What to follow.
 *
 * @param streams empty for all that users see
 * @param cursor where to start; null for the beginning
 * @param quiet stop when nothing came for this long; null to go on until the job ends
 * @param attempt only the log of the attempt of that number, which ends with it; null to start with
 *     the last one and go on with those that follow
 */
public record FollowRequest(
    JobId job,
    Set<LogStream> streams,
    @Nullable String cursor,
    @Nullable Duration quiet,
    @Nullable Integer attempt) {

  public FollowRequest {
    streams = Set.copyOf(streams);
  }

  /** What was wanted without a choice of attempt. */
  public FollowRequest(
      JobId job, Set<LogStream> streams, @Nullable String cursor, @Nullable Duration quiet) {
    this(job, streams, cursor, quiet, null);
  }

  /** The whole log from its beginning to the end of the job. */
  public static FollowRequest all(JobId job) {
    return new FollowRequest(job, Set.of(), null, null);
  }
}
