package dev.mayfly.server.workers;

/** A worker's message is not what the protocol says; the text names the field. */
class InvalidMessageException extends RuntimeException {
  private static final long serialVersionUID = 1;

  InvalidMessageException(String field, String problem) {
    super(field + ": " + problem);
  }

  InvalidMessageException(String field, String problem, Throwable cause) {
    super(field + ": " + problem, cause);
  }
}
