package dev.mayfly.cli;

import dev.mayfly.api.rest.BundleContentView;
import dev.mayfly.api.rest.BundleOnWorkerView;
import dev.mayfly.api.rest.ImagePolicyView;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.client.ImageJson;
import dev.mayfly.client.MayflyClient;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists images. */
@Command(description = "List the images that jobs can ask for.", sortOptions = false)
final class ImagesCommand implements Callable<Integer> {
  /** As many digits of a digest as people compare. */
  private static final int SHORT_DIGEST = "sha256:".length() + 12;

  private static final int SOURCE_WIDTH = 40;

  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Option(names = "--json", description = "print a JSON array of images")
  boolean json;

  ImagesCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    MayflyClient client = new Connection(surroundings).client();
    List<ImageView> images = client.images();
    surroundings
        .output()
        .print(json ? JsonLists.of(images, ImageJson::of) : Tables.of(rows(images, Instant.now())));
    return ExitCode.OK.code();
  }

  private static List<List<String>> rows(List<ImageView> images, Instant now) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of("NAME", "BUNDLE", "ARCHITECTURE", "SIZE", "KERNEL", "SOURCE", "AGE", "ON WORKERS"));
    for (ImageView image : images) {
      BundleContentView content = image.bundle();
      rows.add(
          List.of(
              image.name(),
              shortDigest(image.bundleDigest()),
              image.architecture(),
              Tables.size(image.sizeBytes()),
              content == null ? "-" : content.kernelRelease(),
              Tables.cut(source(image), SOURCE_WIDTH),
              Tables.ago(image.publishedAt(), now),
              workers(image)));
    }
    return rows;
  }

  /** What it is built of next time, else what it was built of. */
  private static String source(ImageView image) {
    ImagePolicyView policy = image.policy();
    BundleContentView content = image.bundle();
    if (policy != null && policy.source() != null) {
      return policy.source();
    }
    return content == null ? "-" : content.source();
  }

  private static String workers(ImageView image) {
    List<String> workers = new ArrayList<>(image.cachedOn());
    for (BundleOnWorkerView worker : image.workers()) {
      String state = state(worker);
      if (!state.isEmpty()) {
        workers.add(worker.worker() + " " + state);
      }
    }
    return workers.isEmpty() ? "-" : String.join(", ", workers);
  }

  /** What a worker does with a bundle that it does not have ready; empty for one that has it. */
  static String state(BundleOnWorkerView worker) {
    return switch (worker.state()) {
      case "PULLING" -> "(" + percent(worker) + " %)";
      case "FAILED" -> "(failed: " + Objects.requireNonNullElse(worker.reason(), "?") + ")";
      default -> "";
    };
  }

  private static long percent(BundleOnWorkerView worker) {
    Long done = worker.bytesDone();
    Long total = worker.bytesTotal();
    return done == null || total == null || total == 0 ? 0 : done * 100 / total;
  }

  static String shortDigest(String digest) {
    return digest.substring(0, Math.min(SHORT_DIGEST, digest.length()));
  }
}
