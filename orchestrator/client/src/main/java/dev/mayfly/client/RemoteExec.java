package dev.mayfly.client;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.ExecView;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;

/** A command in a session. Thread-safe, but for its input stream, which belongs to one thread. */
public final class RemoteExec {
  private static final Duration FIRST_LOOK = Duration.ofMillis(50);
  private static final Duration LONGEST_LOOK = Duration.ofSeconds(1);

  private final JobId job;
  private final int number;
  private final SessionCalls calls;
  private final Follower follower;

  RemoteExec(JobId job, int number, SessionCalls calls, Follower follower) {
    this.job = job;
    this.number = number;
    this.calls = calls;
    this.follower = follower;
  }

  /** Per session, from 1. */
  public int number() {
    return number;
  }

  /** What it is now. */
  public ExecView view() throws MayflyException, InterruptedException {
    return calls.exec(number);
  }

  /**
   * Its standard input, from its beginning. Each write is sent at once and returns when it is
   * stored, perhaps not before the process has read what came before; closing it ends the input. It
   * throws {@link MayflyProblem} of type {@code exec-ended} when the process is gone.
   */
  public OutputStream stdin() {
    return new ExecInputStream(calls, number);
  }

  /**
   * Hands its output to the sink, live, until it has ended; reconnects by itself as {@link
   * MayflyClient#follow} does.
   *
   * @return how it ended; as it was last seen when the sink wanted no more
   * @throws IOException what the sink threw, unchanged
   */
  public ExecView follow(LogSink sink) throws IOException, InterruptedException {
    FollowEnd end = follower.follow(FollowRequest.all(job), number, sink);
    return end instanceof FollowEnd.ExecEnded ended ? ended.exec() : view();
  }

  /** Waits for its end. */
  public ExecView await() throws MayflyException, InterruptedException {
    Duration pause = FIRST_LOOK;
    while (true) {
      ExecView view = view();
      if (view.state().equals("ENDED")) {
        return view;
      }
      calls.time().pause(pause);
      pause =
          pause.multipliedBy(2).compareTo(LONGEST_LOOK) < 0 ? pause.multipliedBy(2) : LONGEST_LOOK;
    }
  }

  /**
   * Sends it a signal.
   *
   * @param signal a name such as {@code TERM}
   * @param everything to all that it has started, else to its first process only
   */
  public void signal(String signal, boolean everything)
      throws MayflyException, InterruptedException {
    calls.signal(number, signal, everything);
  }
}
