package dev.mayfly.api.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What every error answers, as {@code application/problem+json} (RFC 9457).
 *
 * @param type a URI reference that names the kind of problem, for example {@code
 *     urn:mayfly:problem:unknown-image}
 * @param errors which fields are wrong and what to do; empty when the problem is not about fields
 */
public record Problem(
    String type, String title, int status, @Nullable String detail, List<FieldError> errors) {

  /**
   * @param field path of the member, for example {@code shape.memoryMib}
   * @param message what is wrong and what to do
   */
  public record FieldError(String field, String message) {}
}
