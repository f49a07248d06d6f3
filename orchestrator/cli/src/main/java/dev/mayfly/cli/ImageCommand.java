package dev.mayfly.cli;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.rest.ImageCollectionView;
import dev.mayfly.api.rest.ImageVersionView;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.client.ImageClient;
import dev.mayfly.client.ImageJson;
import dev.mayfly.client.json.JsonWriter;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Images as the orchestrator keeps them: what names point to, pointed to, and how they are kept.
 */
@Command(
    name = "image",
    description = "Build, publish, show and keep the images that jobs run in.",
    synopsisSubcommandLabel = "COMMAND")
final class ImageCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  ImageCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed {
    throw new CommandFailed(
        ExitCode.USAGE, "say what to do with the image, for example ls; see mayfly image --help");
  }

  @Command(name = "history", description = "What a name pointed to, newest first.")
  int history(
      @Mixin HelpOption wanted,
      @Option(names = "--json", description = "print a JSON array of versions") boolean json,
      @Parameters(paramLabel = "NAME", converter = ImageArgument.class, description = "the image")
          ImageRef image)
      throws CommandFailed, IOException, InterruptedException {
    List<ImageVersionView> versions = images().history(image);
    if (versions.isEmpty()) {
      throw ImageArgument.none(image);
    }
    surroundings
        .output()
        .print(
            json
                ? JsonLists.of(versions, ImageJson::of)
                : Tables.of(rows(versions, Instant.now())));
    return ExitCode.OK.code();
  }

  private static List<List<String>> rows(List<ImageVersionView> versions, Instant now) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("NUMBER", "BUNDLE", "SIZE", "AGE", "CAUSE", ""));
    for (ImageVersionView version : versions) {
      rows.add(
          List.of(
              Integer.toString(version.number()),
              ImagesCommand.shortDigest(version.bundleDigest()),
              Tables.size(version.sizeBytes()),
              Tables.ago(version.publishedAt(), now),
              version.cause().toLowerCase(Locale.ROOT).replace('_', ' '),
              version.current() ? "current" : version.servable() ? "" : "only on workers"));
    }
    return rows;
  }

  @Command(
      name = "rollback",
      description = "Let a name point again to what it pointed to; jobs that run are left alone.")
  int rollBack(
      @Mixin HelpOption wanted,
      @Parameters(paramLabel = "NAME", converter = ImageArgument.class, description = "the image")
          ImageRef image,
      @Parameters(paramLabel = "NUMBER", description = "as mayfly image history shows it")
          int number)
      throws CommandFailed, IOException, InterruptedException {
    ImageView now = images().rollBack(image, number);
    surroundings
        .output()
        .say(
            now.name()
                + " points to "
                + ImagesCommand.shortDigest(now.bundleDigest())
                + " again, as version "
                + now.version());
    return ExitCode.OK.code();
  }

  @Command(
      name = "pin",
      description = "Let workers fetch an image at once and never remove it to make room.")
  int pin(
      @Mixin HelpOption wanted,
      @Parameters(paramLabel = "NAME", converter = ImageArgument.class, description = "the image")
          ImageRef image)
      throws CommandFailed, IOException, InterruptedException {
    return pinned(image, true);
  }

  @Command(name = "unpin", description = "Let workers remove an image again to make room.")
  int unpin(
      @Mixin HelpOption wanted,
      @Parameters(paramLabel = "NAME", converter = ImageArgument.class, description = "the image")
          ImageRef image)
      throws CommandFailed, IOException, InterruptedException {
    return pinned(image, false);
  }

  private int pinned(ImageRef image, boolean pinned)
      throws CommandFailed, IOException, InterruptedException {
    ImageClient images = images();
    images.change(image, PolicyDraft.of(images.policy(image)).pinned(pinned).change());
    surroundings.output().say(image + (pinned ? " is pinned" : " is not pinned any more"));
    return ExitCode.OK.code();
  }

  @Command(
      name = "rm",
      description =
          "Forget a name, its history and its policy; jobs that run are left alone, and gc removes"
              + " what nothing needs any more.")
  int remove(
      @Mixin HelpOption wanted,
      @Parameters(paramLabel = "NAME", converter = ImageArgument.class, description = "the image")
          ImageRef image)
      throws CommandFailed, IOException, InterruptedException {
    if (!images().remove(image)) {
      throw ImageArgument.none(image);
    }
    surroundings.output().say("forgot " + image);
    return ExitCode.OK.code();
  }

  @Command(
      name = "gc",
      description = "Remove old versions, and bundles and files that nothing needs any more.")
  int collect(
      @Mixin HelpOption wanted,
      @Option(names = "--json", description = "print what was removed as JSON") boolean json)
      throws CommandFailed, IOException, InterruptedException {
    int versions = 0;
    List<String> bundles = new ArrayList<>();
    int blobs = 0;
    long bytes = 0;
    ImageCollectionView removed;
    ImageClient images = images();
    int rounds = 0;
    do {
      removed = images.collect();
      versions += removed.versions();
      bundles.addAll(removed.bundles());
      blobs += removed.blobs();
      bytes += removed.bytes();
    } while (!removed.complete() && ++rounds < MAX_ROUNDS);
    ImageCollectionView all =
        new ImageCollectionView(versions, bundles, blobs, bytes, removed.complete());
    surroundings
        .output()
        .print(
            json
                ? JsonWriter.write(ImageJson.of(all)) + "\n"
                : "removed "
                    + versions
                    + " versions, "
                    + bundles.size()
                    + " bundles and "
                    + blobs
                    + " files of "
                    + Tables.size(bytes)
                    + "\n");
    return ExitCode.OK.code();
  }

  /** Each removes some hundreds of things; what is left then is left to the next collection. */
  private static final int MAX_ROUNDS = 1000;

  private ImageClient images() throws CommandFailed {
    return new Connection(surroundings).client().imageClient();
  }
}
