package dev.mayfly.client;

import dev.mayfly.api.rest.ExecView;
import dev.mayfly.api.rest.JobView;

/** How following a log ended. */
public sealed interface FollowEnd {

  /** The job ended and its whole log was handed out. */
  record JobEnded(JobView job) implements FollowEnd {}

  /** The exec ended and its whole output was handed out. */
  record ExecEnded(ExecView exec) implements FollowEnd {}

  /** The sink wanted no more, or the log was quiet for as long as was asked. */
  record Stopped() implements FollowEnd {}
}
