package dev.mayfly.it.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How large one tree becomes under several settings of {@code mkfs.erofs}, and how long it takes.
 */
final class Compressors {
  private static final double MIB = 1024.0 * 1024.0;
  private static final List<List<String>> SETTINGS =
      List.of(
          List.of(),
          List.of("-zlz4"),
          List.of("-zlz4hc"),
          List.of("-zlz4hc", "-C65536"),
          List.of("-zlz4hc", "-C262144"),
          List.of("-zlz4hc", "-C1048576"));

  private Compressors() {}

  static void measure(Path tree, Path directory) throws Exception {
    Path image = directory.resolve("compressed.erofs");
    for (List<String> setting : SETTINGS) {
      List<String> command = new ArrayList<>(List.of("mkfs.erofs"));
      command.addAll(setting);
      command.addAll(List.of("-T0", image.toString(), tree.toString()));
      Times time = new Times();
      time.measure(() -> {
        Programs.run(command);
        return image;
      });
      System.out.printf(
          Locale.ROOT,
          "  mkfs.erofs %-22s %7.1f MiB in %5.1f s%n",
          String.join(" ", setting),
          Files.size(image) / MIB,
          time.medianSeconds());
      Files.delete(image);
    }
  }
}
