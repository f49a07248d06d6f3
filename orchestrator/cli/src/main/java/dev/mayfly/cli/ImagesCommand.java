package dev.mayfly.cli;

import dev.mayfly.api.rest.ImageView;
import dev.mayfly.client.FleetJson;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists images. */
@Command(
    name = "images",
    description = "List the images that jobs can ask for.",
    sortOptions = false)
final class ImagesCommand implements Callable<Integer> {
  /** As many digits of a digest as people compare. */
  private static final int SHORT_DIGEST = "sha256:".length() + 12;

  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Option(names = "--json", description = "print a JSON array of images")
  boolean json;

  ImagesCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    List<ImageView> images = new Connection(surroundings).client().images();
    surroundings
        .output()
        .print(json ? JsonLists.of(images, FleetJson::of) : Tables.of(rows(images, Instant.now())));
    return ExitCode.OK.code();
  }

  private static List<List<String>> rows(List<ImageView> images, Instant now) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("NAME", "BUNDLE", "ARCHITECTURE", "SIZE", "AGE", "ON WORKERS"));
    for (ImageView image : images) {
      String digest = image.bundleDigest();
      rows.add(
          List.of(
              image.name(),
              digest.substring(0, Math.min(SHORT_DIGEST, digest.length())),
              image.architecture(),
              Tables.size(image.sizeBytes()),
              Tables.ago(image.publishedAt(), now),
              image.cachedOn().isEmpty() ? "-" : String.join(", ", image.cachedOn())));
    }
    return rows;
  }
}
