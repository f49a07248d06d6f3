package dev.mayfly.image.tree;

import java.util.Optional;
import java.util.SortedMap;

/**
 * One entry of an archive. Names are bytes, one in each char, because a file's name is bytes.
 *
 * @param name as it stands in the archive
 * @param mode the permissions, with setuid, setgid and sticky
 * @param size of what is stored in the archive
 * @param linkName where a link points to; else empty
 * @param attributes extended attributes by their names
 * @param sparse where the stored bytes belong, when they are not the whole file
 */
record TarEntry(
    String name,
    Kind kind,
    int mode,
    long uid,
    long gid,
    long size,
    long seconds,
    int nanos,
    String linkName,
    long major,
    long minor,
    SortedMap<String, byte[]> attributes,
    Optional<SparseMap> sparse) {

  /** What an entry makes. */
  enum Kind {
    FILE("a file", '0'),
    HARD_LINK("a hard link", '1'),
    SYMBOLIC_LINK("a symbolic link", '2'),
    CHARACTER_DEVICE("a character device", '3'),
    BLOCK_DEVICE("a block device", '4'),
    DIRECTORY("a directory", '5'),
    FIFO("a named pipe", '6');

    private final String words;
    private final char flag;

    Kind(String words, char flag) {
      this.words = words;
      this.flag = flag;
    }

    String words() {
      return words;
    }

    /** As the archive's header has it. */
    char flag() {
      return flag;
    }
  }
}
