package dev.mayfly.image.oci;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/** The files of an image that was saved, by their names in it. */
@FunctionalInterface
interface LayoutFiles {
  /** A regular file, empty where there is none of that name. */
  Optional<Path> find(String name);

  /** Of a directory; a symbolic link in it is not followed. */
  static LayoutFiles of(Path directory) {
    return name -> {
      Path file = directory.resolve(name).normalize();
      return file.startsWith(directory) && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
          ? Optional.of(file)
          : Optional.empty();
    };
  }

  /** The bytes of a document. */
  default byte[] read(String what, String name) throws IOException {
    Path file = find(name).orElseThrow(() -> OciException.wrong(what + " has no file " + name));
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      byte[] bytes = in.readNBytes(OciDocuments.MAX_BYTES + 1);
      if (bytes.length > OciDocuments.MAX_BYTES) {
        throw OciException.wrong(
            what + ": " + name + " has more than " + OciDocuments.MAX_BYTES + " bytes");
      }
      return bytes;
    }
  }
}
