package dev.mayfly.image.tree;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the stored bytes of a sparse file belong; the rest is holes.
 *
 * @param size of the file
 * @param extents in order, not overlapping, within the size
 */
record SparseMap(long size, List<Extent> extents) {
  SparseMap {
    extents = List.copyOf(extents);
    long end = 0;
    for (Extent extent : extents) {
      if (extent.offset < end || extent.length < 0 || extent.length > size - extent.offset) {
        throw new IllegalArgumentException("has a map of holes that contradicts itself");
      }
      end = extent.offset + extent.length;
    }
  }

  /** Bytes that are stored. */
  record Extent(long offset, long length) {}

  long stored() {
    return extents.stream().mapToLong(Extent::length).sum();
  }

  /**
   * Of numbers that are offset and length by turns.
   *
   * @throws IllegalArgumentException when they contradict each other
   */
  static SparseMap of(long size, List<Long> numbers) {
    if (numbers.size() % 2 != 0) {
      throw new IllegalArgumentException("has a map of holes with an odd count of numbers");
    }
    List<Extent> extents = new ArrayList<>();
    for (int i = 0; i < numbers.size(); i += 2) {
      extents.add(new Extent(numbers.get(i), numbers.get(i + 1)));
    }
    return new SparseMap(size, extents);
  }
}
