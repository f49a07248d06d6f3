package dev.mayfly.worker.core.guest;

import java.util.Arrays;

/**
 * One output stream of one exec as this conversation sees it: checks that offsets follow each
 * other, drops what is safe already, and holds what is not yet handed on. Holds at most the
 * protocol's window; grows only with what really arrived. Not thread-safe.
 */
final class OutputWindow {
  private static final int FIRST_CAPACITY = 8192;

  private byte[] ring = new byte[0];
  private int head;
  private int held;

  /** Where the guest's next byte must be. */
  private long next;

  /** Nothing before is kept. */
  private long wanted;

  /** What the guest has been told is safe: it may send a window beyond this. */
  private long acknowledged;

  /**
   * @param acknowledged where the guest starts to send in this conversation
   */
  OutputWindow(long acknowledged) {
    this.next = acknowledged;
    this.wanted = acknowledged;
    this.acknowledged = acknowledged;
  }

  int held() {
    return held;
  }

  /** Offset of the first byte held, or of the next one that will be. */
  long start() {
    return held > 0 ? next - held : Math.max(next, wanted);
  }

  /**
   * @return how many of the bytes are new
   */
  int accept(long offset, byte[] data) throws GuestViolation {
    reach(offset);
    if (data.length > GuestFrameCodec.OUTPUT_WINDOW - (next - acknowledged)) {
      throw new GuestViolation("output goes beyond its window");
    }
    next += data.length;
    int fresh = (int) Math.clamp(next - wanted, 0, data.length);
    append(data, data.length - fresh, fresh);
    return fresh;
  }

  /** The stream ends here. */
  void end(long offset) throws GuestViolation {
    reach(offset);
  }

  /**
   * The guest's offset must be the next one. It may also jump over what it was told is safe: after
   * a reconnect it sends from what it knows to be acknowledged, until our word reaches it.
   */
  private void reach(long offset) throws GuestViolation {
    if (offset != next && (offset < next || offset > acknowledged)) {
      throw new GuestViolation("output has a gap or a repetition");
    }
    next = offset;
  }

  /** Nothing before the offset is wanted; the guest is told so by the caller. */
  void skipTo(long safe) {
    if (safe > start()) {
      int drop = (int) Math.min(held, safe - start());
      head = held == drop ? 0 : (head + drop) % ring.length;
      held -= drop;
    }
    wanted = Math.max(wanted, safe);
    acknowledge(safe);
  }

  /** Takes the oldest bytes. */
  byte[] take(int most) {
    int count = Math.min(most, held);
    byte[] taken = new byte[count];
    if (count > 0) {
      int first = Math.min(count, ring.length - head);
      System.arraycopy(ring, head, taken, 0, first);
      System.arraycopy(ring, 0, taken, first, count - first);
      head = (head + count) % ring.length;
      held -= count;
    }
    return taken;
  }

  long acknowledged() {
    return acknowledged;
  }

  void acknowledge(long safe) {
    acknowledged = Math.max(acknowledged, safe);
  }

  private void append(byte[] data, int from, int count) {
    if (held + count > ring.length) {
      grow(held + count);
    }
    if (count > 0) {
      int tail = (head + held) % ring.length;
      int first = Math.min(count, ring.length - tail);
      System.arraycopy(data, from, ring, tail, first);
      System.arraycopy(data, from + first, ring, 0, count - first);
      held += count;
    }
  }

  private void grow(int needed) {
    int capacity = Math.max(FIRST_CAPACITY, ring.length);
    while (capacity < needed) {
      capacity *= 2;
    }
    byte[] contents = take(held);
    ring = Arrays.copyOf(contents, Math.min(capacity, GuestFrameCodec.OUTPUT_WINDOW));
    head = 0;
    held = contents.length;
  }
}
