package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import dev.mayfly.image.source.ImageSource;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code image resolve}: what a source is today, without building it. */
@Command(
    name = "resolve",
    description = {
      "Prints the digest that a source has now: of what a tag points to, of a recipe, of a file.",
      "It is the one that an image built now has in its manifest, at provenance.source.digest."
    })
final class ResolveCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Main main;
  @Spec private @Nullable CommandSpec spec;

  @Parameters(paramLabel = "SOURCE", description = "As build --from takes it.")
  private String source = "";

  @Option(
      names = "--insecure-registry",
      paramLabel = "HOST[:PORT]",
      description = "A registry that is reached by plain HTTP; may be repeated.")
  private List<String> insecure = List.of();

  @Option(names = "--home", paramLabel = "DIR", description = Main.HOME)
  private @Nullable Path home;

  @Override
  public Integer call() throws BuildException, InterruptedException, IOException {
    ImageSource parsed;
    try {
      parsed = ImageSource.parse(source);
    } catch (IllegalArgumentException e) {
      throw new BuildException(Blame.USER, e.getMessage() + "", e);
    }
    if (parsed instanceof ImageSource.Dockerfile) {
      throw new BuildException(
          Blame.USER, "what a Dockerfile gives is known only when it is built");
    }
    Main parent = Objects.requireNonNull(main);
    BuildSources sources =
        new BuildSources(
            parent.images(home),
            Progress.silent(),
            parent.environment(),
            Optional.empty(),
            new HashSet<>(insecure));
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    out.println(sources.open(new ImageBuilds.Origin.Named(parsed)).identify().digest());
    out.flush();
    return 0;
  }
}
