package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Files of this machine that a person has named. */
final class LocalFile {
  private LocalFile() {}

  /** Of one file. */
  static Sha256 digest(Path file) throws BuildException, IOException {
    require(file);
    // A person may well name a file by a link.
    return Sha256.ofFile(file.toRealPath());
  }

  /** Of several in their order. */
  static Sha256 digest(List<Path> files) throws BuildException, IOException {
    StringBuilder digests = new StringBuilder();
    for (Path file : files) {
      digests.append(digest(file)).append('\n');
    }
    return Sha256.of(digests.toString().getBytes(StandardCharsets.US_ASCII));
  }

  static void require(Path file) throws BuildException {
    if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
      throw new BuildException(
          Blame.USER, "there is no readable file " + file + "; check the path");
    }
  }
}
