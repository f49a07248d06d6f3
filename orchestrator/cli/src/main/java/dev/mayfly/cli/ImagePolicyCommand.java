package dev.mayfly.cli;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.rest.ImagePolicyView;
import dev.mayfly.client.ImageClient;
import dev.mayfly.client.ImageJson;
import dev.mayfly.client.json.JsonWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows or sets how an image is kept. */
@Command(
    name = "policy",
    description = "Show how an image is kept, or set it; what is not named stays.",
    sortOptions = false)
final class ImagePolicyCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Option(
      names = "--source",
      paramLabel = "SOURCE",
      description =
          "what it is built of: recipe:NAME, registry:REFERENCE, debian:SUITE?packages=a,b or"
              + " alpine:VERSION?packages=a,b; or none")
  @Nullable String source;

  @Option(
      names = "--kernel",
      paramLabel = "KERNEL",
      description = "stock or minimal; or none: the builder's default")
  @Nullable String kernel;

  @Option(
      names = "--refresh",
      paramLabel = "CRON",
      description = "when it is built again, for example '0 0 3 * * ?' (nightly at 3); or none")
  @Nullable String refresh;

  @Option(
      names = "--watch",
      paramLabel = "TIME",
      converter = Watch.class,
      description = "how often to ask whether the tag moved upstream, for example 1h; or none")
  @Nullable Integer watchSeconds;

  @Option(
      names = "--keep",
      paramLabel = "N",
      description = "how many versions are kept, the present one included")
  @Nullable Integer keep;

  @Option(
      names = "--prepull",
      paramLabel = "POOL",
      description =
          "a worker pool whose workers fetch each new version at once; may be repeated; or none")
  List<String> prepull = new ArrayList<>();

  @Option(names = "--json", description = "print it as JSON")
  boolean json;

  @Parameters(paramLabel = "NAME", converter = ImageArgument.class, description = "the image")
  @Nullable ImageRef image;

  ImagePolicyCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    ImageRef name = Objects.requireNonNull(image);
    ImageClient images = new Connection(surroundings).client().imageClient();
    Optional<ImagePolicyView> policy = images.policy(name);
    boolean change =
        source != null
            || kernel != null
            || refresh != null
            || watchSeconds != null
            || keep != null
            || !prepull.isEmpty();
    if (change) {
      PolicyDraft draft =
          PolicyDraft.of(policy)
              .source(source)
              .kernel(kernel)
              .refresh(refresh)
              .watch(watchSeconds)
              .keep(keep)
              .prepull(prepull);
      policy = Optional.of(images.change(name, draft.change()));
    }
    ImagePolicyView now =
        policy.orElseThrow(() ->
            new CommandFailed(
                ExitCode.REFUSED,
                name + " has no policy: it is kept as by default, and never built again"));
    surroundings.output().print(json ? JsonWriter.write(ImageJson.of(now)) + "\n" : describe(now));
    return ExitCode.OK.code();
  }

  /** One line for each thing that is set. */
  static String describe(ImagePolicyView policy) {
    StringBuilder text = new StringBuilder();
    Tables.line(text, "source", policy.source());
    Tables.line(text, "kernel", policy.kernel());
    Tables.line(text, "refresh", policy.refreshCron());
    Integer watch = policy.watchSeconds();
    Tables.line(text, "watch", watch == null ? null : "every " + watch + " s");
    Tables.line(text, "keep", policy.keep() + " versions");
    Tables.line(text, "pinned", policy.pinned() ? "yes" : null);
    Tables.line(
        text,
        "prepull",
        policy.prepullPools().isEmpty() ? null : String.join(", ", policy.prepullPools()));
    Tables.line(text, "watched", policy.lastWatchedAt());
    Tables.line(text, "refreshed", policy.lastRefreshedAt());
    return text.toString();
  }

  /** A duration, or {@code none} as 0. */
  static final class Watch implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return text.equals("none") ? Integer.valueOf(0) : new Durations().convert(text);
    }
  }
}
