package dev.mayfly.client;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.ExecRequest;
import dev.mayfly.api.rest.ExecView;
import dev.mayfly.api.rest.JobView;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;

/**
 * A session: a microVM in which commands are run one after another or at once. While this object is
 * open, a daemon thread renews the session; closing it does not release the session, which then
 * ends by its lease unless somebody else renews it. Thread-safe.
 *
 * <p>Calls throw as those of {@link MayflyClient}; a session that is not ready, or has ended, is a
 * {@link MayflyProblem} of type {@code not-running} or {@code session-ended}. Calls that may be
 * repeated are, over outages of up to {@link Timeouts#patience()}.
 */
public final class Session implements AutoCloseable {

  /** Between two looks whether it is ready: a microVM takes a few hundred milliseconds at best. */
  private static final Duration LOOK = Duration.ofMillis(200);

  /** Between two looks whether it has ended, which nobody waits for by the second. */
  private static final Duration LONG_LOOK = Duration.ofSeconds(2);

  private final JobId job;
  private final MayflyClient client;
  private final SessionCalls calls;
  private final Follower follower;
  private final Renewing renewing;

  Session(JobId job, MayflyClient client, SessionCalls calls, Follower follower) {
    this.job = job;
    this.client = client;
    this.calls = calls;
    this.follower = follower;
    this.renewing = new Renewing(calls);
    renewing.start();
  }

  public JobId id() {
    return job;
  }

  /**
   * Waits until the microVM is ready or the job has ended; the job as it is then.
   *
   * @return empty when there is no such job
   */
  public Optional<JobView> awaitReady() throws MayflyException, InterruptedException {
    while (true) {
      Optional<JobView> found = client.job(job);
      if (found.isEmpty()
          || found.get().state().equals("FINISHED")
          || found.get().phases().stream().anyMatch(phase -> phase.phase().equals("READY"))) {
        return found;
      }
      calls.time().pause(LOOK);
    }
  }

  /**
   * Waits until the job has ended; the job as it is then.
   *
   * @return empty when there is no such job
   */
  public Optional<JobView> awaitEnd() throws MayflyException, InterruptedException {
    while (true) {
      Optional<JobView> found = client.job(job);
      if (found.isEmpty() || found.get().state().equals("FINISHED")) {
        return found;
      }
      calls.time().pause(LONG_LOOK);
    }
  }

  /** Starts a command. */
  public RemoteExec open(ExecRequest request) throws MayflyException, InterruptedException {
    ExecView exec = calls.open(request, IdempotencyKey.random());
    return new RemoteExec(job, exec.number(), calls, follower);
  }

  /** A command that was started before. */
  public RemoteExec exec(int number) {
    return new RemoteExec(job, number, calls, follower);
  }

  /**
   * Unpacks a tar stream in a directory, which is made when absent; returns when all is there. Not
   * repeated. The stream is not closed.
   */
  public void upload(String directory, InputStream tar) throws IOException {
    calls.upload(directory, tar, null);
  }

  /** As above, with a limit in bytes. */
  public void upload(String directory, InputStream tar, long limitBytes) throws IOException {
    calls.upload(directory, tar, limitBytes);
  }

  /**
   * Writes a tar stream of what is at a path. Not repeated; when it throws, what was written is not
   * whole. The stream is not closed.
   */
  public void download(String path, OutputStream tar) throws IOException {
    calls.download(path, tar, null);
  }

  /** As above, with a limit in bytes. */
  public void download(String path, OutputStream tar, long limitBytes) throws IOException {
    calls.download(path, tar, limitBytes);
  }

  /**
   * Ends the session: the microVM is destroyed, and the job ends with the exit code. Idempotent.
   */
  public JobView release(int exitCode) throws MayflyException, InterruptedException {
    renewing.stop();
    return calls.release(exitCode);
  }

  /** Stops renewing. Idempotent. */
  @Override
  public void close() {
    renewing.stop();
  }
}
