package dev.mayfly.it.scenario;

import dev.mayfly.image.builder.ImageBuilds;
import dev.mayfly.image.builder.Progress;
import java.nio.file.Files;
import java.nio.file.Path;

/** The image that every scenario boots, built once per checkout from Debian packages. */
public final class Images {
  public static final String DEBIAN = "debian:12";

  private Images() {}

  /** The images directory with {@link #DEBIAN} in it; builds it when it is not there yet. */
  public static synchronized Path directory() throws Exception {
    Path directory = Path.of("target", "images").toAbsolutePath();
    Files.createDirectories(directory);
    ImageBuilds.ensure(directory, DEBIAN, Progress.silent());
    return directory;
  }
}
