package dev.mayfly.image.tree;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Looks at a system's files without unpacking them. Paths are relative to the system's root, with
 * or without a leading slash; symbolic links are followed, and never lead outside of it.
 */
public interface FileView {
  /**
   * The content of a regular file, empty where there is none.
   *
   * @param limit in bytes
   * @throws IOException also when the file has more bytes than the limit
   */
  Optional<byte[]> read(String path, int limit) throws IOException;

  /** The sorted names in a directory, empty where there is none. */
  List<String> list(String path);

  /** Of a system whose files cannot be looked at. */
  static FileView none() {
    return new FileView() {
      @Override
      public Optional<byte[]> read(String path, int limit) {
        return Optional.empty();
      }

      @Override
      public List<String> list(String path) {
        return List.of();
      }
    };
  }
}
