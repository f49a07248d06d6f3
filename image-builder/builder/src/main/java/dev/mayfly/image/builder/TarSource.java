package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.BundleManifest.Source;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.tree.Layer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A root file system in one tar archive: a file's, or whatever comes in on standard input. */
final class TarSource implements BuildSource {
  /** In place of a file's name. */
  static final Path STANDARD_INPUT = Path.of("-");

  private static final String KIND = "tar";

  /** As many as the archive may have once decompressed. */
  private static final long MAX_BYTES = 64L << 30;

  private final Path file;
  private final InputStream standardInput;

  /**
   * @param standardInput read when the file is {@link #STANDARD_INPUT} only
   */
  TarSource(Path file, InputStream standardInput) {
    this.file = file;
    this.standardInput = standardInput;
  }

  @Override
  public Source identify() throws BuildException, IOException {
    if (file.equals(STANDARD_INPUT)) {
      throw new BuildException(
          Blame.USER, "what comes in on standard input has no digest before it was read");
    }
    return new Source(KIND, file.getFileName() + "", LocalFile.digest(file));
  }

  @Override
  public SourceContents fetch(BuildRoom room)
      throws BuildException, InterruptedException, IOException {
    Path archive = file;
    Source source;
    if (file.equals(STANDARD_INPUT)) {
      archive = room.work().resolve("standard-input");
      Path target = archive;
      room.steps().run("standard input", () -> spool(target));
      source = new Source(KIND, "", Sha256.ofFile(archive));
    } else {
      source = identify();
    }
    return new SourceContents(
        new SystemFiles.Layers(List.of(Layer.ofArchive("archive " + file.getFileName(), archive))),
        "x86_64",
        Defaults.none(),
        source,
        0,
        true,
        new InstalledPackages(source.reference().isEmpty() ? "system" : source.reference()));
  }

  private Path spool(Path target) throws BuildException, IOException {
    byte[] buffer = new byte[1 << 16];
    long left = MAX_BYTES;
    try (OutputStream out = Files.newOutputStream(target)) {
      for (int read = standardInput.read(buffer); read >= 0; read = standardInput.read(buffer)) {
        left -= read;
        if (left < 0) {
          throw new BuildException(
              Blame.USER, "standard input has more than " + MAX_BYTES + " bytes");
        }
        out.write(buffer, 0, read);
      }
    }
    return target;
  }
}
