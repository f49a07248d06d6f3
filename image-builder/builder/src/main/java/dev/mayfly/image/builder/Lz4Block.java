package dev.mayfly.image.builder;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * Packs bytes into one block of lz4, whose unpacking fits into a few lines of C. The library's own
 * writer takes ten seconds for half a megabyte in one block; this takes some milliseconds. Layout:
 * lz4's doc/lz4_Block_format.md.
 */
final class Lz4Block {
  private static final int HASH_BITS = 16;
  private static final int MIN_MATCH = 4;
  private static final int MAX_DISTANCE = 65_535;

  /** The format wants the last five bytes as they are, and no match to begin in the last twelve. */
  private static final int LAST_LITERALS = 5;

  private static final int NO_MATCH_WITHIN = 12;

  /** More finds hardly anything longer. */
  private static final int MAX_TRIES = 128;

  private static final int LONG = 15;
  private static final int NONE = -1;

  private final byte[] in;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final int[] newest = new int[1 << HASH_BITS];
  private final int[] before;
  private int matchStart;

  private Lz4Block(byte[] in) {
    this.in = in;
    this.before = new int[in.length];
    Arrays.fill(newest, NONE);
  }

  static byte[] pack(byte[] bytes) {
    Lz4Block block = new Lz4Block(bytes);
    block.run();
    return block.out.toByteArray();
  }

  private void run() {
    int literals = 0;
    int at = 0;
    int lastStart = in.length - NO_MATCH_WITHIN;
    while (at <= lastStart) {
      int length = longestMatch(at);
      int start = matchStart;
      note(at);
      // One byte later there may be a longer one; then this byte is a literal.
      if (length >= MIN_MATCH && at < lastStart && longestMatch(at + 1) > length + 1) {
        length = 0;
      }
      if (length < MIN_MATCH) {
        at++;
        continue;
      }
      sequence(literals, at, at - start, length);
      for (int i = at + 1; i < at + length; i++) {
        note(i);
      }
      at += length;
      literals = at;
    }
    lastLiterals(literals);
  }

  /** Its length, 0 when there is none; where it begins is in {@link #matchStart}. */
  private int longestMatch(int at) {
    int best = MIN_MATCH - 1;
    int limit = in.length - LAST_LITERALS;
    int candidate = newest[hash(at)];
    for (int tries = 0; tries < MAX_TRIES && candidate != NONE; tries++) {
      if (at - candidate > MAX_DISTANCE) {
        break;
      }
      if (at + best < limit && in[candidate + best] == in[at + best]) {
        int length = 0;
        while (at + length < limit && in[candidate + length] == in[at + length]) {
          length++;
        }
        if (length > best) {
          best = length;
          matchStart = candidate;
        }
      }
      candidate = before[candidate];
    }
    return best < MIN_MATCH ? 0 : best;
  }

  /** Every position is noted once, in order. */
  private void note(int at) {
    if (at + MIN_MATCH <= in.length) {
      int hash = hash(at);
      before[at] = newest[hash];
      newest[hash] = at;
    }
  }

  private int hash(int at) {
    int four =
        (in[at] & 0xff)
            | (in[at + 1] & 0xff) << 8
            | (in[at + 2] & 0xff) << 16
            | (in[at + 3] & 0xff) << 24;
    // Knuth's multiplicative hash: 2^32 divided by the golden ratio.
    return (four * 0x9E3779B1) >>> (32 - HASH_BITS);
  }

  private void sequence(int from, int to, int distance, int length) {
    token(to - from, length - MIN_MATCH);
    out.write(in, from, to - from);
    out.write(distance & 0xff);
    out.write(distance >>> 8);
    rest(length - MIN_MATCH);
  }

  private void lastLiterals(int from) {
    token(in.length - from, 0);
    out.write(in, from, in.length - from);
  }

  private void token(int literals, int match) {
    out.write(Math.min(literals, LONG) << 4 | Math.min(match, LONG));
    rest(literals);
  }

  private void rest(int length) {
    if (length < LONG) {
      return;
    }
    int rest = length - LONG;
    for (; rest >= 255; rest -= 255) {
      out.write(255);
    }
    out.write(rest);
  }
}
