package dev.mayfly.image.builder;

import dev.mayfly.image.tree.FileView;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * Some files of a plain archive that this program has made itself, held in memory. Links are not
 * followed: what is looked at lies where it is looked for.
 */
final class ArchiveFiles implements FileView {
  /** Of all files together. */
  private static final long MAX_BYTES = 64 << 20;

  private final SortedMap<String, byte[]> files = new TreeMap<>();

  private ArchiveFiles() {}

  /**
   * @param wanted told each path without a leading slash
   */
  static ArchiveFiles read(Path archive, Predicate<String> wanted) throws IOException {
    ArchiveFiles found = new ArchiveFiles();
    long left = MAX_BYTES;
    try (InputStream in = Files.newInputStream(archive);
        TarArchiveInputStream tar = new TarArchiveInputStream(in)) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        String path = plain(entry.getName());
        if (entry.isFile() && wanted.test(path)) {
          left -= entry.getSize();
          if (left < 0) {
            throw new IOException("the package records in " + archive + " are too large");
          }
          found.files.put(path, tar.readAllBytes());
        }
      }
    }
    return found;
  }

  @Override
  public Optional<byte[]> read(String path, int limit) throws IOException {
    byte[] bytes = files.get(plain(path));
    if (bytes != null && bytes.length > limit) {
      throw new IOException(path + " has more than " + limit + " bytes");
    }
    return Optional.ofNullable(bytes);
  }

  @Override
  public List<String> list(String path) {
    String prefix = plain(path) + "/";
    return files.keySet().stream()
        .filter(name -> name.startsWith(prefix))
        .map(name -> name.substring(prefix.length()))
        .filter(name -> name.indexOf('/') < 0)
        .toList();
  }

  private static String plain(String path) {
    String plain = path.startsWith("./") ? path.substring(2) : path;
    return plain.startsWith("/") ? plain.substring(1) : plain;
  }
}
