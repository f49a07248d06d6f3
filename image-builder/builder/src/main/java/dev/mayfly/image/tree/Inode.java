package dev.mayfly.image.tree;

import dev.mayfly.image.tree.TarEntry.Kind;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A file apart from its names: several names may have one. Never of kind {@link Kind#HARD_LINK}.
 *
 * @param content of a file only
 * @param target of a symbolic link only
 * @param attributes extended ones
 */
record Inode(
    Kind kind,
    int mode,
    long uid,
    long gid,
    long seconds,
    int nanos,
    Optional<Content> content,
    String target,
    int major,
    int minor,
    SortedMap<String, byte[]> attributes) {

  /** Of a directory that no layer names but which others lie in. */
  static Inode impliedDirectory() {
    return new Inode(Kind.DIRECTORY, 0755, 0, 0, 0, 0, Optional.empty(), "", 0, 0, new TreeMap<>());
  }
}
