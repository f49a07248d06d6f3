package dev.mayfly.api;

import java.util.UUID;

/**
 * Names one worker for ever; made by the worker at its first start and kept in its state directory.
 */
public record WorkerId(UUID value) {

  /**
   * Reads the canonical text form.
   *
   * @throws IllegalArgumentException when the text is not a UUID; the message says so
   */
  public static WorkerId parse(String text) {
    return new WorkerId(Uuids.parse("worker id", text));
  }

  @Override
  public String toString() {
    return value.toString();
  }
}
