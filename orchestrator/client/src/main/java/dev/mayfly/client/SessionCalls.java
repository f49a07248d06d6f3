package dev.mayfly.client;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.ExecRequest;
import dev.mayfly.api.rest.ExecView;
import dev.mayfly.api.rest.InputAnswer;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.RenewalView;
import dev.mayfly.client.Calls.Call;
import dev.mayfly.client.Calls.Reply;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The calls of one session. Thread-safe. */
final class SessionCalls {

  /** A large directory is packed, or the last of an upload written, before a byte comes. */
  private static final Duration TRANSFER_SILENCE = Duration.ofMinutes(10);

  private static final String TAR = "application/x-tar";

  private final String base;
  private final Calls calls;
  private final Timeouts timeouts;
  private final TimeSource time;

  SessionCalls(JobId job, Calls calls, Timeouts timeouts, TimeSource time) {
    this.base = "/api/v1/jobs/" + job;
    this.calls = calls;
    this.timeouts = timeouts;
    this.time = time;
  }

  TimeSource time() {
    return time;
  }

  ExecView open(ExecRequest request, IdempotencyKey key)
      throws MayflyException, InterruptedException {
    Reply reply =
        persistently(
            new Call(
                "POST",
                base + "/execs",
                Map.of(
                    "Accept",
                    Calls.JSON,
                    "Content-Type",
                    "application/json",
                    "Idempotency-Key",
                    key.value()),
                JsonWriter.writeUtf8(SessionJson.of(request)),
                true,
                Calls.MAX_TRIES));
    return successful(reply, SessionJson::execView);
  }

  ExecView exec(int number) throws MayflyException, InterruptedException {
    return successful(persistently(Call.get(base + "/execs/" + number)), SessionJson::execView);
  }

  /** Where to continue; the same offset as before when there was no room. */
  InputAnswer write(int number, long offset, byte[] data, boolean end)
      throws MayflyException, InterruptedException {
    Reply reply =
        persistently(
            new Call(
                "POST",
                base + "/execs/" + number + "/stdin?offset=" + offset + (end ? "&end=true" : ""),
                Map.of("Accept", Calls.JSON, "Content-Type", "application/octet-stream"),
                data,
                true,
                Calls.MAX_TRIES));
    if (reply.status() == 429) {
      return new InputAnswer(offset, false);
    }
    return successful(reply, SessionJson::inputAnswer);
  }

  void signal(int number, String signal, boolean everything)
      throws MayflyException, InterruptedException {
    byte[] body =
        JsonWriter.writeUtf8(
            new JsonMembers().text("signal", signal).truth("everything", everything).object());
    // Not repeated: a signal that came twice would count twice.
    Reply reply = calls.send(post("/execs/" + number + "/signal", body, 1));
    if (reply.status() != 202) {
      throw calls.failure(reply);
    }
  }

  RenewalView renew() throws MayflyException, InterruptedException {
    return successful(
        calls.send(post("/renew", new byte[0], Calls.MAX_TRIES)), SessionJson::renewalView);
  }

  JobView release(int exitCode) throws MayflyException, InterruptedException {
    byte[] body =
        JsonWriter.writeUtf8(new JsonMembers().number("exitCode", (Integer) exitCode).object());
    return successful(persistently(post("/release", body, Calls.MAX_TRIES)), RestJson::jobView);
  }

  ExecView upload(String path, InputStream tar, @Nullable Long limit) throws IOException {
    Reply reply;
    try {
      reply =
          calls.upload(
              "PUT",
              files(path, limit),
              Map.of("Accept", Calls.JSON, "Content-Type", TAR),
              tar,
              TRANSFER_SILENCE);
    } catch (MayflyException failure) {
      throw failure;
    } catch (IOException broken) {
      throw calls.unreachable(broken);
    }
    return successful(reply, SessionJson::execView);
  }

  void download(String path, OutputStream tar, @Nullable Long limit) throws IOException {
    try (Transport.Answer answer =
        calls.open(
            files(path, limit),
            Map.of("Accept", TAR + ", application/problem+json"),
            TRANSFER_SILENCE)) {
      if (answer.status() != 200) {
        throw calls.failure(answer);
      }
      answer.body().transferTo(tar);
    }
  }

  private String files(String path, @Nullable Long limit) {
    return base
        + "/files?path="
        + URLEncoder.encode(path, StandardCharsets.UTF_8)
        + (limit == null ? "" : "&limit=" + limit);
  }

  private Call post(String path, byte[] body, int tries) {
    return new Call(
        "POST",
        base + path,
        Map.of("Accept", Calls.JSON, "Content-Type", "application/json"),
        body,
        true,
        tries);
  }

  /** Over an outage as long as a follower bears one; only for what may be repeated. */
  private Reply persistently(Call call) throws MayflyException, InterruptedException {
    long deadline = time.nanoTime() + timeouts.patience().toNanos();
    Backoff backoff = new Backoff();
    while (true) {
      try {
        return calls.send(call);
      } catch (Unreachable away) {
        Duration pause = backoff.next();
        if (deadline - time.nanoTime() < pause.toNanos()) {
          throw away;
        }
        time.pause(pause);
      }
    }
  }

  private <T> T successful(Reply reply, JsonFields.Mapping<T> mapping) throws MayflyException {
    if (reply.status() < 200 || reply.status() > 299) {
      throw calls.failure(reply);
    }
    return calls.document(reply, mapping);
  }
}
