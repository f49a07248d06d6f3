package dev.mayfly.worker.core.log;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Finds many byte strings in one pass, in linear time (the automaton of Aho and Corasick). A state
 * is the longest end of what was read that may begin a pattern; 0 is the empty one. Immutable.
 */
final class SecretAutomaton {
  private static final int NONE = -1;

  /** Edges of the trie, by {@code state * 256 + byte}: open addressing, half full at most. */
  private final int[] keys;

  private final int[] targets;
  private final int[] depth;

  /** The longest proper end of a state that is a state. */
  private final int[] fallback;

  /** How long the longest pattern is that ends in a state; 0 for none. */
  private final int[] longest;

  /** A state, or the longest of its ends, from which a pattern can still be completed. */
  private final int[] open;

  private SecretAutomaton(List<byte[]> patterns) {
    int most = 1 + patterns.stream().mapToInt(pattern -> pattern.length).sum();
    int capacity = Integer.highestOneBit(most) * 4;
    keys = new int[capacity];
    Arrays.fill(keys, NONE);
    targets = new int[capacity];
    var states = new ArrayList<int[]>();
    states.add(new int[] {0, 0, 0});
    var ends = new boolean[most];
    for (var pattern : patterns) {
      int state = 0;
      for (byte next : pattern) {
        int target = edge(state, next);
        if (target == NONE) {
          target = states.size();
          states.add(new int[] {state, next, states.get(state)[2] + 1});
          addEdge(state, next, target);
        }
        state = target;
      }
      ends[state] = true;
    }
    int count = states.size();
    depth = new int[count];
    fallback = new int[count];
    longest = new int[count];
    open = new int[count];
    link(states, ends);
  }

  static SecretAutomaton of(List<byte[]> patterns) {
    return new SecretAutomaton(patterns);
  }

  /** Each state needs what is known of the shorter ones. */
  private void link(List<int[]> states, boolean[] ends) {
    var byDepth = new Integer[states.size()];
    var parents = new boolean[states.size()];
    Arrays.setAll(byDepth, Integer::valueOf);
    Arrays.sort(byDepth, (a, b) -> Integer.compare(states.get(a)[2], states.get(b)[2]));
    for (int state = 1; state < states.size(); state++) {
      parents[states.get(state)[0]] = true;
    }
    for (int state : byDepth) {
      if (state == 0) {
        continue;
      }
      int parent = states.get(state)[0];
      depth[state] = states.get(state)[2];
      fallback[state] = parent == 0 ? 0 : step(fallback[parent], (byte) states.get(state)[1]);
      longest[state] = ends[state] ? depth[state] : longest[fallback[state]];
      open[state] = parents[state] ? state : open[fallback[state]];
    }
  }

  /** Whether there is nothing to find. */
  boolean isEmpty() {
    return depth.length == 1;
  }

  /** Reads a byte. */
  int step(int from, byte next) {
    int state = from;
    int target = edge(state, next);
    while (target == NONE && state != 0) {
      state = fallback[state];
      target = edge(state, next);
    }
    return target == NONE ? 0 : target;
  }

  int longest(int state) {
    return longest[state];
  }

  /** The state to go on from: shorter, and equal in all that can follow. */
  int open(int state) {
    return open[state];
  }

  /** How many of the last bytes read may begin a pattern. */
  int depth(int state) {
    return depth[state];
  }

  private int edge(int state, byte next) {
    int key = state << Byte.SIZE | (next & 0xff);
    int slot = slot(key);
    return keys[slot] == key ? targets[slot] : NONE;
  }

  private void addEdge(int state, byte next, int target) {
    int key = state << Byte.SIZE | (next & 0xff);
    int slot = slot(key);
    keys[slot] = key;
    targets[slot] = target;
  }

  /** Where the key is, or would be. */
  private int slot(int key) {
    int mask = keys.length - 1;
    int hash = key * 0x9e3779b1;
    int slot = (hash ^ hash >>> 15) & mask;
    while (keys[slot] != NONE && keys[slot] != key) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}
