package dev.mayfly.cli;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.rest.ImagePublication;
import dev.mayfly.client.Publication;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lets an image name point to a bundle that only workers have; for tests and benchmarks. */
@Command(
    name = "image-publish",
    hidden = true,
    description = "Let an image name point to a boot bundle that the workers have.",
    sortOptions = false)
final class ImagePointCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Option(names = "--digest", required = true, paramLabel = "SHA256", description = "the bundle")
  String digest = "";

  @Option(
      names = "--architecture",
      required = true,
      paramLabel = "NAME",
      description = "for example x86_64")
  String architecture = "";

  @Option(names = "--size", required = true, paramLabel = "BYTES", description = "of all its files")
  long size;

  @Parameters(paramLabel = "NAME", description = "for example debian:12")
  String name = "";

  ImagePointCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    ImageRef image;
    try {
      image = new ImageRef(name);
    } catch (IllegalArgumentException wrong) {
      throw new CommandFailed(ExitCode.USAGE, String.valueOf(wrong.getMessage()));
    }
    Publication publication =
        new Connection(surroundings)
            .client()
            .publish(image, new ImagePublication(digest, architecture, size));
    return switch (publication) {
      case Publication.Published published -> ExitCode.OK.code();
      case Publication.Refused refused -> throw CommandFailed.refused(refused.problem());
    };
  }
}
