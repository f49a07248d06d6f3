package dev.mayfly.cli;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.rest.ImagePublication;
import dev.mayfly.api.rest.ImageVersionView;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.cli.LocalBundles.BundleFile;
import dev.mayfly.cli.LocalBundles.LocalBundle;
import dev.mayfly.client.BundleStoring;
import dev.mayfly.client.ImageClient;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.MayflyException;
import dev.mayfly.client.Publication;
import dev.mayfly.client.TransferProgress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Hands bundles that were built on this machine to the orchestrator, and lets names point there.
 */
@Command(
    name = "publish",
    description = "Give the orchestrator an image that was built on this machine.",
    sortOptions = false)
final class ImagePublishCommand implements Callable<Integer> {
  private final Surroundings surroundings;
  private final Output output;

  @Mixin HelpOption help = new HelpOption();

  @Option(names = "--all", description = "every image of this machine")
  boolean all;

  @Option(
      names = "--new",
      description = "leave out those that the name has pointed to already, now or before")
  boolean onlyNew;

  @Option(
      names = "--images",
      paramLabel = "DIR",
      description = "where they lie (default: images in MAYFLY_HOME)")
  @Nullable Path directory;

  @Parameters(paramLabel = "NAME", arity = "0..*", description = "for example debian:12")
  List<String> names = new ArrayList<>();

  ImagePublishCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
    this.output = surroundings.output();
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    if (all == !names.isEmpty()) {
      throw new CommandFailed(ExitCode.USAGE, "say which image to publish, or --all");
    }
    Connection connection = new Connection(surroundings);
    MayflyClient client = connection.client();
    Path images = directory;
    LocalBundles local =
        new LocalBundles(images == null ? connection.home().resolve("images") : images);
    if (all) {
      return publishAll(client, local);
    }
    for (String name : names) {
      publish(client, local, ImageArgument.of(name));
    }
    return ExitCode.OK.code();
  }

  /** One that is refused, or of an older format, does not keep the others back. */
  private int publishAll(MayflyClient client, LocalBundles local)
      throws CommandFailed, IOException, InterruptedException {
    int code = ExitCode.OK.code();
    for (String name : local.names().keySet()) {
      try {
        publish(client, local, ImageArgument.of(name));
      } catch (CommandFailed failed) {
        for (String line : failed.lines()) {
          output.say("left out " + name + ": " + line);
        }
        code = failed.exitCode().code();
      }
    }
    return code;
  }

  private void publish(MayflyClient client, LocalBundles local, ImageRef image)
      throws CommandFailed, IOException, InterruptedException {
    if (onlyNew && isKnown(client.imageClient(), image, local.names().get(image.value()))) {
      return;
    }
    LocalBundle bundle = local.bundle(image.value());
    int sent = store(client.imageClient(), image, bundle);
    Publication publication =
        client.publish(
            image,
            new ImagePublication(bundle.digest().value(), bundle.architecture(), bundle.size()));
    switch (publication) {
      case Publication.Published published ->
          output.say(published(published.image(), bundle, sent));
      case Publication.Refused refused -> throw CommandFailed.refused(refused.problem());
    }
  }

  private static boolean isKnown(ImageClient images, ImageRef image, @Nullable BundleDigest digest)
      throws MayflyException, InterruptedException {
    if (digest == null) {
      return false;
    }
    for (ImageVersionView version : images.history(image)) {
      if (version.bundleDigest().equals(digest.value())) {
        return version.servable();
      }
    }
    return false;
  }

  /** How many files had to be sent: none, where the orchestrator reads the same directory. */
  private int store(ImageClient images, ImageRef image, LocalBundle bundle)
      throws CommandFailed, IOException, InterruptedException {
    int sent = 0;
    for (BundleFile file : bundle.files()) {
      TransferProgress progress = new SaidProgress(output, image.value(), System::nanoTime);
      if (images.putBlob(file.blob(), file.path(), progress)) {
        sent++;
      }
    }
    return switch (images.putBundle(bundle.digest(), bundle.publication())) {
      case BundleStoring.Stored stored -> sent;
      case BundleStoring.Lacking lacking ->
          throw new CommandFailed(
              ExitCode.FAULT,
              "the orchestrator lost " + lacking.blobs().size() + " files of it: try again");
      case BundleStoring.Refused refused -> throw CommandFailed.refused(refused.problem());
    };
  }

  private static String published(ImageView image, LocalBundle bundle, int sent) {
    return "published "
        + image.name()
        + " as version "
        + image.version()
        + ": "
        + Tables.size(bundle.size())
        + ", "
        + (sent == 0 ? "nothing had to be sent" : sent + " files sent");
  }
}
