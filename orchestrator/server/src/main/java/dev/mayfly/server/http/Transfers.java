package dev.mayfly.server.http;

import dev.mayfly.api.LogStream;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.core.exec.Exec;
import dev.mayfly.core.exec.ExecNudges;
import dev.mayfly.core.exec.ExecState;
import dev.mayfly.core.exec.ExecStore;
import dev.mayfly.core.exec.ExecStore.Written;
import dev.mayfly.core.log.LogCursor;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.server.logs.LogFeed;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;

/**
 * Moves tar streams between a front end's connection and an exec, with bounded memory, on the
 * request's own virtual thread. A transfer whose front end goes away is killed.
 */
class Transfers {

  /** Held in memory per transfer. */
  private static final int BUFFER = 256 * 1024;

  /** A process that takes nothing for so long is stuck, or its worker is away for too long. */
  private static final Duration NO_PROGRESS = Duration.ofMinutes(2);

  private static final int SIGKILL = 9;

  private final ExecStore execs;
  private final LogStore logs;
  private final ExecNudges nudges;
  private final InstantSource clock;

  Transfers(ExecStore execs, LogStore logs, ExecNudges nudges, InstantSource clock) {
    this.execs = execs;
    this.logs = logs;
    this.nudges = nudges;
    this.clock = clock;
  }

  /**
   * Sends a body to an upload and waits for its end.
   *
   * @throws RefusedRequestException when the upload did not come about
   */
  Exec upload(Exec exec, InputStream body, long limit, LogFeed.Follower follower)
      throws IOException, InterruptedException {
    boolean done = false;
    try {
      send(exec, body, limit, follower);
      Exec ended = awaitEnd(exec, follower);
      done = true;
      return ended;
    } finally {
      if (!done) {
        kill(exec);
      }
    }
  }

  private void send(Exec exec, InputStream body, long limit, LogFeed.Follower follower)
      throws IOException, InterruptedException {
    byte[] buffer = new byte[BUFFER];
    long offset = 0;
    boolean more = true;
    while (more) {
      int count = body.readNBytes(buffer, 0, buffer.length);
      if (offset + count > limit) {
        throw new RefusedRequestException(Problems.tooLarge(limit));
      }
      more = count == buffer.length;
      if (!store(exec, offset, Arrays.copyOf(buffer, count), !more, follower)) {
        return;
      }
      offset += count;
    }
  }

  /** False when the exec has ended, which takes no more. */
  private boolean store(Exec exec, long offset, byte[] data, boolean end, LogFeed.Follower follower)
      throws InterruptedException {
    long due = offset;
    long lastProgress = System.nanoTime();
    while (true) {
      int skip = Math.toIntExact(due - offset);
      byte[] rest = skip == 0 ? data : Arrays.copyOfRange(data, skip, data.length);
      switch (execs.write(exec.job(), exec.number(), due, rest, end)) {
        case Written.Stored(long next, boolean _) -> {
          nudges.execs();
          due = next;
          lastProgress = System.nanoTime();
          if (due == offset + data.length) {
            return true;
          }
        }
        case Written.WindowFull _ -> await(follower, lastProgress);
        case Written.ExecEnded _, Written.NoSuchExec _ -> {
          return false;
        }
        case Written.WrongOffset _, Written.Closed _ ->
            throw new IllegalStateException("somebody else writes to exec " + exec.number());
      }
    }
  }

  private static void await(LogFeed.Follower follower, long lastProgress)
      throws InterruptedException {
    if (!follower.await(ExecStreams.POLL)) {
      throw Problems.busy("The orchestrator stops.");
    }
    if (System.nanoTime() - lastProgress > NO_PROGRESS.toNanos()) {
      throw ExecProblems.refused(
          HttpStatus.GATEWAY_TIMEOUT,
          "transfer-stuck",
          "The transfer made no progress.",
          "Nothing moved for " + NO_PROGRESS.toSeconds() + " s.");
    }
  }

  private Exec awaitEnd(Exec exec, LogFeed.Follower follower) throws InterruptedException {
    long since = System.nanoTime();
    long acknowledged = -1;
    while (true) {
      Exec now = execs.find(exec.job(), exec.number()).orElseThrow(ExecProblems::noSuchExec);
      if (now.state() instanceof ExecState.Ended(Outcome outcome, var _, var _)) {
        Optional<Problem> problem = ExecProblems.transfer(outcome);
        if (problem.isPresent()) {
          throw new RefusedRequestException(problem.get());
        }
        return now;
      }
      if (now.input().acknowledged() > acknowledged) {
        acknowledged = now.input().acknowledged();
        since = System.nanoTime();
      }
      await(follower, since);
    }
  }

  /** Where a download's bytes go. */
  interface Sink {

    /** Called once, before the first byte. */
    OutputStream begin() throws IOException;
  }

  /**
   * Fetches what a download packs while it does, and then removes it.
   *
   * @return null when it is whole; else why it is not, after some of it went to the sink
   * @throws RefusedRequestException when nothing went to the sink
   */
  @Nullable Problem download(Exec exec, Sink sink, LogFeed.Follower follower)
      throws IOException, InterruptedException {
    boolean done = false;
    try {
      Problem problem = fetch(exec, sink, follower);
      done = true;
      return problem;
    } finally {
      if (done) {
        execs.discard(exec.job(), exec.number());
      } else {
        kill(exec);
      }
    }
  }

  private @Nullable Problem fetch(Exec exec, Sink sink, LogFeed.Follower follower)
      throws IOException, InterruptedException {
    LogStore.Selection file = new LogStore.Selection(Set.of(LogStream.FILE), exec.number());
    LogCursor cursor = ExecStreams.start(exec);
    OutputStream out = null;
    long lastProgress = System.nanoTime();
    while (true) {
      Exec now = execs.find(exec.job(), exec.number()).orElseThrow(ExecProblems::noSuchExec);
      LogStore.Slice slice =
          logs.read(exec.job(), cursor, file, ExecStreams.SLICE_BYTES, ExecStreams.SLICE_CHUNKS);
      Optional<Problem> problem = problem(now, slice);
      if (out == null && problem.isPresent()) {
        throw new RefusedRequestException(problem.get());
      }
      if (!slice.pieces().isEmpty()) {
        out = out == null ? sink.begin() : out;
        for (LogStore.Piece piece : slice.pieces()) {
          out.write(piece.chunk().bytes());
        }
      }
      if (ExecStreams.complete(now, slice, clock)) {
        return problem.orElse(null);
      }
      if (!slice.next().equals(cursor)) {
        cursor = slice.next();
        lastProgress = System.nanoTime();
      } else {
        if (out != null) {
          out.flush();
        }
        await(follower, lastProgress);
      }
    }
  }

  private Optional<Problem> problem(Exec exec, LogStore.Slice slice) {
    if (!(exec.state() instanceof ExecState.Ended ended)) {
      return Optional.empty();
    }
    boolean restIsLost =
        slice.next().sequence() <= ended.logChunks()
            && ExecStreams.givenUp(ended, clock)
            && slice.pieces().isEmpty();
    return restIsLost
        ? Optional.of(
            Problems.of(
                HttpStatus.BAD_GATEWAY,
                "transfer-failed",
                "The files could not be transferred.",
                "The worker went away with part of them."))
        : ExecProblems.transfer(ended.outcome());
  }

  /** Nobody wants it any more. */
  private void kill(Exec exec) {
    execs.signal(exec.job(), exec.number(), SIGKILL, true);
    nudges.execs();
  }
}
