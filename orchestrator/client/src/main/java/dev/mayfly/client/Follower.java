package dev.mayfly.client;

import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.LogEvent;
import dev.mayfly.client.ServerSentEvents.Event;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonReader;
import dev.mayfly.client.json.MalformedJson;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Follows a log over as many connections as it takes. The cursor moves on only after the sink has
 * taken a piece, and an event whose end has not arrived is not handed out; so a connection may
 * break anywhere and no byte is lost or repeated.
 */
final class Follower {
  private static final Map<String, String> HEADERS =
      Map.of("Accept", "text/event-stream", "Cache-Control", "no-store");

  private final Calls calls;
  private final Timeouts timeouts;
  private final TimeSource time;

  Follower(Calls calls, Timeouts timeouts, TimeSource time) {
    this.calls = calls;
    this.timeouts = timeouts;
    this.time = time;
  }

  FollowEnd follow(FollowRequest request, LogSink sink) throws IOException, InterruptedException {
    return new Following(request, sink, null).run();
  }

  /** Follows the output of one exec to its end. */
  FollowEnd follow(FollowRequest request, int exec, LogSink sink)
      throws IOException, InterruptedException {
    return new Following(request, sink, exec).run();
  }

  /** One call's state. */
  private final class Following {
    private final FollowRequest request;
    private final LogSink sink;
    private final @Nullable Integer exec;
    private final Duration silence;
    private final Backoff backoff = new Backoff();
    private @Nullable String cursor;
    private long lastSign = time.nanoTime();
    private int failures;

    Following(FollowRequest request, LogSink sink, @Nullable Integer exec) {
      this.request = request;
      this.sink = sink;
      this.exec = exec;
      this.cursor = request.cursor();
      Duration quiet = request.quiet();
      this.silence = quiet == null ? timeouts.silence() : quiet;
    }

    FollowEnd run() throws IOException, InterruptedException {
      while (true) {
        IOException broken;
        try (Transport.Answer answer = calls.open(target(), HEADERS, silence)) {
          if (Calls.isBusy(answer.status())) {
            broken = calls.failure(answer);
          } else if (answer.status() != 200) {
            throw new Final(calls.failure(answer));
          } else if (!Calls.isEventStream(answer)) {
            throw new Final(calls.unexpected("a log that is not a stream of events", null));
          } else {
            FollowEnd end = read(new ServerSentEvents(answer.body()));
            if (end != null) {
              return end;
            }
            broken = new EOFException("the connection ended in the middle of the log");
          }
        } catch (Final end) {
          throw end.failure;
        } catch (MayflyException end) {
          throw end;
        } catch (IOException failure) {
          broken = failure;
        }
        pauseBefore(broken);
      }
    }

    private void pauseBefore(IOException broken) throws Unreachable, InterruptedException {
      failures++;
      Duration pause = backoff.next();
      long away = time.nanoTime() - lastSign;
      if (away + pause.toNanos() > timeouts.patience().toNanos()) {
        throw calls.unreachable(broken);
      }
      sink.reconnecting(Calls.reasonOf(broken), failures);
      time.pause(pause);
    }

    /** Reads one connection; null when it ended before the job did. */
    private @Nullable FollowEnd read(ServerSentEvents events) throws IOException {
      try {
        while (true) {
          Event event = events.next();
          if (event == null) {
            return null;
          }
          alive();
          if (event.type().equals("log")) {
            if (!take(event)) {
              return new FollowEnd.Stopped();
            }
          } else if (event.type().equals("end")) {
            return exec == null
                ? new FollowEnd.JobEnded(endOf(event, RestJson::jobView))
                : new FollowEnd.ExecEnded(endOf(event, SessionJson::execView));
          }
        }
      } catch (SocketTimeoutException nothingCame) {
        if (request.quiet() == null) {
          throw nothingCame;
        }
        return new FollowEnd.Stopped();
      } finally {
        // Keep-alive comments are a sign of life too; a connection that only opens is none.
        if (events.lines() > 0) {
          alive();
        }
      }
    }

    private void alive() {
      lastSign = time.nanoTime();
      failures = 0;
      backoff.reset();
    }

    private boolean take(Event event) throws IOException {
      LogPiece piece = pieceOf(event);
      if (piece.cursor().equals(cursor)) {
        return true; // the piece we already have: some servers resume at it, not after it
      }
      boolean goOn;
      try {
        goOn = sink.accept(piece);
      } catch (IOException refused) {
        throw new Final(refused);
      }
      cursor = piece.cursor();
      return goOn;
    }

    private LogPiece pieceOf(Event event) throws Final {
      try {
        LogEvent log = RestJson.logEvent(JsonFields.of(JsonReader.read(event.data())));
        return new LogPiece(
            log.cursor(),
            LogStream.valueOf(log.stream()),
            log.at(),
            Base64.getDecoder().decode(log.data()));
      } catch (MalformedJson | IllegalArgumentException malformed) {
        throw new Final(
            calls.unexpected(
                "a log event that cannot be read: " + malformed.getMessage(), malformed));
      }
    }

    private <T> T endOf(Event event, JsonFields.Mapping<T> mapping) throws Final {
      try {
        return mapping.map(JsonFields.of(JsonReader.read(event.data())));
      } catch (MalformedJson malformed) {
        throw new Final(
            calls.unexpected(
                "an end event that cannot be read: " + malformed.getMessage(), malformed));
      }
    }

    private String target() {
      return "/api/v1/jobs/"
          + request.job()
          + "/log/events"
          + new MayflyClient.Query()
              .add("attempt", request.attempt() == null ? null : request.attempt().toString())
              .add("stream", MayflyClient.streamNames(request.streams()))
              .add("cursor", cursor)
              .add("exec", exec == null ? null : exec.toString())
              .text();
    }
  }

  /** Carries a failure past the retries; what it carries is what the caller sees. */
  private static final class Final extends IOException {
    private static final long serialVersionUID = 1L;

    final IOException failure;

    Final(IOException failure) {
      super(failure);
      this.failure = failure;
    }
  }
}
