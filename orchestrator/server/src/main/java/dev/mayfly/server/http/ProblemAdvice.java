package dev.mayfly.server.http;

import dev.mayfly.api.rest.Problem;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.ErrorResponse;
import org.springframework.web.HttpMediaTypeNotAcceptableException;
import org.springframework.web.HttpMediaTypeNotSupportedException;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.async.AsyncRequestNotUsableException;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;
import org.springframework.web.servlet.NoHandlerFoundException;
import org.springframework.web.servlet.resource.NoResourceFoundException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.InputCoercionException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/** Answers every failure of a request as a problem. */
@RestControllerAdvice
class ProblemAdvice {
  private static final Logger log = LoggerFactory.getLogger(ProblemAdvice.class);
  private static final int MAX_CAUSES = 16;

  static ResponseEntity<Problem> answer(Problem problem) {
    return answer(problem, new HttpHeaders());
  }

  private static ResponseEntity<Problem> answer(Problem problem, HttpHeaders headers) {
    headers.setContentType(MediaType.APPLICATION_PROBLEM_JSON);
    return new ResponseEntity<>(problem, headers, HttpStatusCode.valueOf(problem.status()));
  }

  @ExceptionHandler
  ResponseEntity<Problem> refused(RefusedRequestException refused) {
    return answer(refused.problem());
  }

  @ExceptionHandler
  ResponseEntity<Problem> unreadable(HttpMessageNotReadableException unreadable) {
    return answer(
        cause(unreadable, RefusedRequestException.class)
            .map(RefusedRequestException::problem)
            .or(() -> cause(unreadable, UnrecognizedPropertyException.class).map(this::unknown))
            .or(() -> cause(unreadable, InputCoercionException.class).map(this::mismatch))
            .or(() -> cause(unreadable, StreamReadException.class).map(this::malformed))
            .or(() -> cause(unreadable, DatabindException.class).map(this::mismatch))
            .orElseGet(() -> Problems.badRequest("The body is missing or is not JSON.")));
  }

  private static <T extends Throwable> Optional<T> cause(Throwable from, Class<T> type) {
    Throwable cause = from;
    for (int depth = 0; cause != null && depth < MAX_CAUSES; depth++) {
      if (type.isInstance(cause)) {
        return Optional.of(type.cast(cause));
      }
      cause = cause.getCause();
    }
    return Optional.empty();
  }

  private Problem unknown(UnrecognizedPropertyException unknown) {
    return Problems.malformedBody(
        path(unknown), "is not a member of this request; " + known(unknown));
  }

  private static String known(UnrecognizedPropertyException unknown) {
    List<String> names =
        Optional.ofNullable(unknown.getKnownPropertyIds()).stream()
            .flatMap(java.util.Collection::stream)
            .map(String::valueOf)
            .sorted()
            .toList();
    return names.isEmpty() ? "it has none" : "it has " + String.join(", ", names);
  }

  /** What is JSON but not of the type that the member has. */
  private Problem mismatch(JacksonException mismatch) {
    String path = path(mismatch);
    return Problems.malformedBody(
        path.isEmpty() ? "body" : path,
        "is of the wrong type or out of its range, see the API's description");
  }

  private Problem malformed(StreamReadException malformed) {
    return Problems.malformedBody("body", where(malformed));
  }

  private static String where(StreamReadException malformed) {
    var location = malformed.getLocation();
    return location == null
        ? "is not valid JSON"
        : "is not valid JSON at line "
            + location.getLineNr()
            + ", column "
            + location.getColumnNr();
  }

  /** Such as {@code shape.cpus} or {@code command[2]}. */
  private static String path(JacksonException exception) {
    StringBuilder path = new StringBuilder();
    for (var reference : exception.getPath()) {
      String name = reference.getPropertyName();
      if (name != null) {
        path.append(path.isEmpty() ? "" : ".").append(name);
      } else if (reference.getIndex() >= 0) {
        path.append('[').append(reference.getIndex()).append(']');
      }
    }
    return path.toString();
  }

  @ExceptionHandler
  ResponseEntity<Problem> wrongParameter(MethodArgumentTypeMismatchException mismatch) {
    Class<?> type = mismatch.getRequiredType();
    return answer(
        Problems.badParameter(
            mismatch.getName(),
            type != null && Number.class.isAssignableFrom(type)
                ? "is not a whole number"
                : "is of the wrong type"));
  }

  @ExceptionHandler({NoHandlerFoundException.class, NoResourceFoundException.class})
  ResponseEntity<Problem> notFound(Exception notFound) {
    return answer(Problems.notFound("path; /openapi lists those that there are"));
  }

  @ExceptionHandler
  ResponseEntity<Problem> wrongMethod(HttpRequestMethodNotSupportedException wrong) {
    return answer(
        Problems.of(
            HttpStatus.METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "This path has no " + wrong.getMethod() + ".",
            null),
        new HttpHeaders(wrong.getHeaders()));
  }

  @ExceptionHandler
  ResponseEntity<Problem> wrongMediaType(HttpMediaTypeNotSupportedException wrong) {
    return answer(
        Problems.of(
            HttpStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "The body must be " + mediaTypes(wrong) + ".",
            null));
  }

  private static String mediaTypes(HttpMediaTypeNotSupportedException wrong) {
    return wrong.getSupportedMediaTypes().isEmpty()
        ? "of another type"
        : wrong.getSupportedMediaTypes().stream()
            .map(MediaType::toString)
            .collect(Collectors.joining(" or "));
  }

  @ExceptionHandler
  ResponseEntity<Problem> notAcceptable(HttpMediaTypeNotAcceptableException wrong) {
    return answer(
        Problems.of(
            HttpStatus.NOT_ACCEPTABLE,
            "not-acceptable",
            "The answer is not available in a type that the Accept header names.",
            null));
  }

  /** The client has hung up; there is nobody left to answer. */
  @ExceptionHandler
  void gone(AsyncRequestNotUsableException gone) {
    log.atDebug().log("Client hung up");
  }

  /** The top of every request: what nobody expected is logged here, once. */
  @ExceptionHandler
  ResponseEntity<Problem> unexpected(Exception unexpected) {
    Optional<RefusedRequestException> refused = cause(unexpected, RefusedRequestException.class);
    if (refused.isPresent()) {
      return refused(refused.get());
    }
    if (unexpected instanceof ErrorResponse known && known.getStatusCode().is4xxClientError()) {
      Problem problem = Problems.badRequest(known.getBody().getDetail());
      return answer(
          new Problem(
              problem.type(),
              problem.title(),
              known.getStatusCode().value(),
              problem.detail(),
              List.of()));
    }
    log.atError().setCause(unexpected).log("Request failed");
    return answer(
        Problems.of(
            HttpStatus.INTERNAL_SERVER_ERROR,
            "internal",
            "Something broke here.",
            "The orchestrator's log says more. Nothing was half-written."));
  }
}
