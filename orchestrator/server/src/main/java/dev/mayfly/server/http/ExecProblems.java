package dev.mayfly.server.http;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.core.exec.Exec;
import dev.mayfly.core.exec.ExecStore.Opening;
import java.util.Optional;
import org.springframework.http.HttpStatus;

/** The kinds of problem that sessions and their execs have. */
final class ExecProblems {
  private ExecProblems() {}

  /**
   * The exec that was opened, now or before.
   *
   * @throws RefusedRequestException when there is none
   */
  static Exec opened(Opening opening) {
    return switch (opening) {
      case Opening.Opened(Exec exec) -> exec;
      case Opening.Repeated(Exec exec) -> exec;
      case Opening.KeyTaken(int by) ->
          throw refused(
              HttpStatus.CONFLICT,
              "idempotency-key-taken",
              "The idempotency key belongs to a different request.",
              "Exec " + by + " was opened with this key and a different body.");
      case Opening.NoSuchJob _ -> throw JobController.unknown();
      case Opening.NotASession _ -> throw new RefusedRequestException(notASession());
      case Opening.NotRunning _ ->
          throw refused(
              HttpStatus.CONFLICT,
              "not-running",
              "The session's microVM is not ready yet.",
              "Wait until the job has reached READY, and try again.");
      case Opening.JobEnded _ -> throw new RefusedRequestException(sessionEnded());
      case Opening.TooMany(int limit, boolean open) ->
          throw refused(
              HttpStatus.TOO_MANY_REQUESTS,
              "too-many-execs",
              "There are too many execs.",
              open
                  ? limit + " are open already; wait until one of them has ended."
                  : "A session takes " + limit + " in all; start another session.");
    };
  }

  static Problem notASession() {
    return Problems.of(
        HttpStatus.CONFLICT,
        "not-a-session",
        "The job is no session.",
        "Only a job that was submitted with the member session takes execs.");
  }

  static Problem sessionEnded() {
    return Problems.of(
        HttpStatus.CONFLICT,
        "session-ended",
        "The session has ended, or its end is asked for.",
        null);
  }

  static RefusedRequestException noSuchExec() {
    return new RefusedRequestException(Problems.notFound("exec in this session"));
  }

  static RefusedRequestException execEnded() {
    return refused(HttpStatus.CONFLICT, "exec-ended", "The exec has ended.", null);
  }

  static RefusedRequestException refused(
      HttpStatus status,
      String type,
      String title,
      @org.jspecify.annotations.Nullable String detail) {
    return new RefusedRequestException(Problems.of(status, type, title, detail));
  }

  /** Why a transfer that ended so did not come about; empty: it did. */
  static Optional<Problem> transfer(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Exited(int code) ->
          code == 0
              ? Optional.empty()
              : Optional.of(failed(HttpStatus.UNPROCESSABLE_CONTENT, "It exited with " + code));
      case Outcome.Cancelled _ -> Optional.of(sessionEnded());
      case Outcome.Faulted(FaultCode code, String detail) ->
          Optional.of(
              switch (code.blame()) {
                case USER ->
                    code == FaultCode.TRANSFER_TOO_LARGE
                        ? Problems.of(
                            HttpStatus.CONTENT_TOO_LARGE,
                            "transfer-too-large",
                            "The files are larger than the limit.",
                            detail)
                        : failed(HttpStatus.UNPROCESSABLE_CONTENT, code + ": " + detail);
                case PLATFORM, EXTERNAL, CAPACITY ->
                    failed(HttpStatus.BAD_GATEWAY, code + ": " + detail);
              });
    };
  }

  private static Problem failed(HttpStatus status, String detail) {
    return Problems.of(status, "transfer-failed", "The files could not be transferred.", detail);
  }
}
