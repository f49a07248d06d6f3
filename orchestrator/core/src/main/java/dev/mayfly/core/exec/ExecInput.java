package dev.mayfly.core.exec;

/**
 * How far an exec's standard input is. Offsets count bytes from its beginning.
 *
 * @param stored everything before it was taken from the front end
 * @param ended nothing follows what is stored
 * @param acknowledged everything before it is with the process, and no longer kept
 * @param limit the worker takes no byte at or beyond it
 */
public record ExecInput(long stored, boolean ended, long acknowledged, long limit) {

  /** What a worker takes before it said anything ({@code worker.proto}, ExecInput). */
  public static final long FIRST_LIMIT = 262_144;

  /** How much is kept that the process has not taken; a faster front end is held back. */
  public static final long WINDOW = 1024 * 1024;

  public ExecInput {
    if (acknowledged < 0 || stored < acknowledged || limit < 0) {
      throw new IllegalArgumentException("offsets of an input contradict each other");
    }
  }

  /** The input of a new exec; one that takes none has ended. */
  public static ExecInput start(boolean open) {
    return new ExecInput(0, !open, 0, FIRST_LIMIT);
  }

  /** How many bytes may be stored now. */
  public long room() {
    return WINDOW - (stored - acknowledged);
  }

  public ExecInput appended(long bytes, boolean end) {
    return new ExecInput(stored + bytes, ended || end, acknowledged, limit);
  }

  /**
   * After the worker's word; neither offset ever moves back, and what was never stored cannot have
   * been taken.
   */
  public ExecInput acknowledged(long offset, long newLimit) {
    return new ExecInput(
        stored,
        ended,
        Math.max(acknowledged, Math.clamp(offset, 0, stored)),
        Math.max(limit, newLimit));
  }
}
