package dev.mayfly.core.exec;

/**
 * Decides what becomes of a piece of input that a front end sends. Pure. Pieces may come again, in
 * whole or in part: offsets tell what is known already.
 */
public final class InputPolicy {

  private InputPolicy() {}

  /** What to do with the piece. */
  public sealed interface Choice {

    /**
     * Take part of it, perhaps none.
     *
     * @param skip bytes at its beginning that are stored already
     * @param take bytes to store after them
     * @param end the input ends with them
     */
    record Take(int skip, int take, boolean end) implements Choice {}

    /** Bytes are missing before it. */
    record WrongOffset(long expected) implements Choice {}

    /** Nothing of it fits until the process has read. */
    record WindowFull() implements Choice {}

    /** The input has ended, or the exec takes none. */
    record Closed() implements Choice {}
  }

  /**
   * @param offset of the piece's first byte
   * @param length of the piece
   * @param end nothing follows the piece
   */
  public static Choice decide(ExecInput input, long offset, int length, boolean end) {
    if (offset > input.stored() || offset < 0) {
      return new Choice.WrongOffset(input.stored());
    }
    long known = input.stored() - offset;
    if (known >= length) {
      boolean endsHere = end && known == length;
      if (end && !endsHere) {
        return new Choice.Closed();
      }
      return new Choice.Take(length, 0, endsHere && !input.ended());
    }
    if (input.ended()) {
      return new Choice.Closed();
    }
    int skip = Math.toIntExact(known);
    int take = (int) Math.min(length - skip, Math.max(0, input.room()));
    if (take == 0) {
      return new Choice.WindowFull();
    }
    return new Choice.Take(skip, take, end && skip + take == length);
  }
}
