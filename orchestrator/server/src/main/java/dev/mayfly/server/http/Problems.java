package dev.mayfly.server.http;

import dev.mayfly.api.rest.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;

/** The kinds of problem that REST answers. */
final class Problems {
  private static final String TYPE = "urn:mayfly:problem:";

  private Problems() {}

  static Problem of(HttpStatus status, String type, String title, @Nullable String detail) {
    return new Problem(TYPE + type, title, status.value(), detail, List.of());
  }

  static Problem notFound(String what) {
    return of(HttpStatus.NOT_FOUND, "not-found", "There is no such " + what + ".", null);
  }

  static Problem unauthorized() {
    return of(
        HttpStatus.UNAUTHORIZED,
        "unauthorized",
        "The token is missing or wrong.",
        "Send the header 'Authorization: Bearer <token>'. The token of the first start lies in"
            + " secrets/api-token of the orchestrator's state directory.");
  }

  static Problem forbidden() {
    return of(
        HttpStatus.FORBIDDEN,
        "forbidden",
        "This token does not open this.",
        "REST needs the API token; the workers' token opens only the worker link.");
  }

  static Problem tooLarge(long limit) {
    return of(
        HttpStatus.CONTENT_TOO_LARGE,
        "body-too-large",
        "The body is too large.",
        "At most " + limit + " bytes are read.");
  }

  static Problem badRequest(@Nullable String detail) {
    return of(HttpStatus.BAD_REQUEST, "bad-request", "The request is malformed.", detail);
  }

  static Problem badParameter(String name, String message) {
    return fields(
        HttpStatus.BAD_REQUEST,
        "bad-parameter",
        "A parameter is wrong.",
        List.of(new Problem.FieldError(name, message)));
  }

  static Problem malformedBody(String field, String message) {
    return fields(
        HttpStatus.BAD_REQUEST,
        "malformed-body",
        "The body cannot be read.",
        List.of(new Problem.FieldError(field, message)));
  }

  static Problem invalid(List<Problem.FieldError> errors) {
    return fields(
        HttpStatus.UNPROCESSABLE_CONTENT,
        "invalid",
        "The request asks for the impossible.",
        errors);
  }

  static Problem unknownImage(String reason) {
    return fields(
        HttpStatus.UNPROCESSABLE_CONTENT,
        "unknown-image",
        "There is no such image.",
        List.of(new Problem.FieldError("image", reason)));
  }

  static Problem fields(
      HttpStatus status, String type, String title, List<Problem.FieldError> errors) {
    Problem.FieldError first = errors.getFirst();
    return new Problem(
        TYPE + type,
        title,
        status.value(),
        first.field() + ": " + first.message(),
        List.copyOf(errors));
  }

  /** A bound on what is done at once is reached, or we stop: the same call may go later. */
  static RefusedRequestException busy(String title) {
    return new RefusedRequestException(
        of(HttpStatus.SERVICE_UNAVAILABLE, "busy", title, "Try again in a moment."));
  }
}
