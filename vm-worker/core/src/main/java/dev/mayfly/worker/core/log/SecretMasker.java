package dev.mayfly.worker.core.log;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Masks secrets in one stream of one exec, however it is cut: gives out no byte that is, or may
 * still become, part of a secret.
 *
 * <p>Occurrences that overlap are one, so that no end of one shows behind another; each is given
 * out as one {@code ***}. What comes out depends only on what goes in, not on the pieces. Takes
 * linear time; holds back less than the longest secret. Not thread-safe.
 */
final class SecretMasker {
  private static final byte[] MASK = "***".getBytes(StandardCharsets.US_ASCII);

  static final int MASK_BYTES = MASK.length;

  private static final int FIRST_CAPACITY = 256;

  private final SecretAutomaton automaton;

  /** What has not been given out: raw bytes from {@code start} on. */
  private byte[] window = new byte[FIRST_CAPACITY];

  private int head;
  private int held;
  private long start;
  private int state;

  /** Found and not wholly given out, in order; of one that begins before the start the mask is. */
  private final Deque<Span> spans = new ArrayDeque<>();

  /** A run of raw bytes that are part of secrets. */
  private record Span(long from, long to) {}

  /**
   * Something to store.
   *
   * @param data perhaps empty
   * @param progress of the stream, once the data is stored
   */
  @SuppressWarnings("ArrayRecordComponent") // made for one caller; compared by nobody
  record Piece(byte[] data, RawProgress progress) {}

  /**
   * A masker that goes on where an earlier one had come to.
   *
   * @param from the next raw byte is the first that is not safe
   */
  SecretMasker(Secrets secrets, RawProgress from) {
    this.automaton = secrets.automaton();
    this.start = from.safe();
    if (from.maskedUntil() > from.safe()) {
      spans.add(new Span(from.safe() - 1, from.maskedUntil()));
    }
  }

  /** Takes raw output. */
  void feed(byte[] data) {
    long position = start + held;
    append(data);
    if (automaton.isEmpty()) {
      return;
    }
    for (byte next : data) {
      state = automaton.step(state, next);
      position++;
      int match = automaton.longest(state);
      if (match > 0) {
        found(position - match, position);
      }
      state = automaton.open(state);
    }
  }

  private void found(long from, long to) {
    long first = from;
    while (!spans.isEmpty() && spans.getLast().to() > first) {
      first = Math.min(first, spans.removeLast().from());
    }
    spans.addLast(new Span(first, to));
  }

  /** Nothing follows: nothing that is held back begins a secret. */
  void end() {
    state = 0;
  }

  /** Where the next raw byte belongs in the stream. */
  long position() {
    return start + held;
  }

  /** Whether something can be given out. */
  boolean isReady() {
    return held > automaton.depth(state);
  }

  /** Gives out what is decided, as far as it fits; a mask is given out whole. */
  Piece take(int most) {
    var data = new ByteArrayOutputStream(Math.min(most, held));
    long decided = position() - automaton.depth(state);
    boolean fits = true;
    while (start < decided && fits) {
      while (!spans.isEmpty() && spans.getFirst().to() <= start) {
        spans.removeFirst();
      }
      var span = spans.peekFirst();
      int room = most - data.size();
      if (span == null || span.from() > start) {
        long until = span == null ? decided : Math.min(decided, span.from());
        int length = (int) Math.min(room, until - start);
        data.write(window, head, length);
        skip(length);
        fits = length > 0;
      } else {
        fits = span.from() < start || room >= MASK.length;
        if (fits) {
          data.write(MASK, 0, span.from() == start ? MASK.length : 0);
          skip((int) (Math.min(decided, span.to()) - start));
        }
      }
    }
    return new Piece(data.toByteArray(), progress());
  }

  /** Forgets what was not given out, and goes on at this offset: nobody wants what is before. */
  RawProgress discard(long end) {
    skip(held);
    start = end;
    spans.clear();
    state = 0;
    return progress();
  }

  private RawProgress progress() {
    var span = spans.peekFirst();
    boolean within = span != null && span.from() < start && start < span.to();
    return new RawProgress(start, within ? span.to() : start);
  }

  private void skip(int length) {
    head += length;
    held -= length;
    start += length;
  }

  private void append(byte[] data) {
    if (head + held + data.length > window.length) {
      int capacity = Math.max(window.length, FIRST_CAPACITY);
      while (capacity < held + data.length) {
        capacity *= 2;
      }
      var moved = capacity == window.length ? window : new byte[capacity];
      System.arraycopy(window, head, moved, 0, held);
      window = moved;
      head = 0;
    }
    System.arraycopy(data, 0, window, head + held, data.length);
    held += data.length;
  }

  @Override
  public String toString() {
    return "SecretMasker[" + start + ", " + held + " held]";
  }
}
