package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import dev.mayfly.image.builder.ImageBuilds.Origin;
import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.SigningKey;
import dev.mayfly.image.source.ImageSource;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
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

/** {@code image build}. */
@Command(
    name = "build",
    description = {
      "Builds an image and points its name to it, unless it is up to date.",
      "NAME is a recipe's, or else an image in a registry; --from names any other source."
    })
final class BuildCommand implements Callable<Integer> {
  private static final String DEFAULT_RECIPE = "debian:12";

  @ParentCommand private @Nullable Main main;
  @Spec private @Nullable CommandSpec spec;

  @Parameters(
      paramLabel = "NAME",
      arity = "0..1",
      description =
          "A recipe, or an image in a registry (default: "
              + DEFAULT_RECIPE
              + "); with --from or --recipe: what the image is to be called.")
  private @Nullable String image;

  @Option(
      names = "--from",
      paramLabel = "SOURCE",
      description =
          "What to build from: registry:REF, oci:DIR[:TAG], archive:FILE[:TAG], dockerfile:DIR,"
              + " tar:FILE, debian:SUITE, alpine:VERSION, disk:FILE, system:KERNEL,INITRAMFS,"
              + " console:KERNEL or recipe:NAME.")
  private @Nullable String from;

  @Option(names = "--recipe", paramLabel = "NAME|FILE", description = "A recipe or its file.")
  private @Nullable String recipe;

  @Option(names = "--name", paramLabel = "NAME", description = "What the image is to be called.")
  private @Nullable String name;

  @Option(
      names = "--kernel",
      paramLabel = "stock|minimal",
      defaultValue = "stock",
      description =
          "The distribution's kernel, or ours built from its source (default: ${DEFAULT-VALUE}).")
  private KernelChoice kernel = KernelChoice.STOCK;

  @Option(
      names = "--refresh",
      description = "Build again, for newer packages, or when the tag has moved.")
  private boolean refresh;

  @Option(
      names = "--sources",
      paramLabel = "FILE",
      description = "Package sources (.list or .sources) instead of apt's settings.")
  private @Nullable Path sources;

  @Option(
      names = "--insecure-registry",
      paramLabel = "HOST[:PORT]",
      description = "A registry that is reached by plain HTTP; may be repeated.")
  private List<String> insecure = List.of();

  @Option(
      names = "--sign-key",
      paramLabel = "FILE",
      description =
          "Sign the image with this Ed25519 key (PKCS#8 PEM, its public half in FILE.pub).")
  private @Nullable Path signKey;

  @Option(
      names = "--sizes",
      description = "Say what each file of the image takes, and the largest packages.")
  private boolean sizes;

  @Option(
      names = "--progress",
      paramLabel = "text|json",
      defaultValue = "text",
      description = "json: one object a line, for programs (default: ${DEFAULT-VALUE}).")
  private Form form = Form.TEXT;

  @Option(names = "--result", paramLabel = "FILE", description = Main.RESULT)
  private @Nullable Path resultFile;

  @Option(names = "--home", paramLabel = "DIR", description = Main.HOME)
  private @Nullable Path home;

  /** How progress is said. */
  enum Form {
    TEXT,
    JSON
  }

  @Override
  public Integer call() throws BuildException, InterruptedException, IOException {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    return switch (form) {
      case TEXT -> {
        inText(out);
        yield 0;
      }
      case JSON -> {
        inJson(new JsonProgress(out));
        yield 0;
      }
    };
  }

  private void inText(PrintWriter out) throws BuildException, InterruptedException, IOException {
    long start = System.nanoTime();
    ImageBuilds.Result result = build(new PrintedProgress(out));
    String built = result.bundle().manifest().name();
    if (result.built()) {
      out.printf(
          Locale.ROOT,
          "%s is %s, %d MiB, built in %.1f s%n",
          built,
          result.bundle().digest(),
          result.bundle().size() >> 20,
          (System.nanoTime() - start) / 1e9);
    } else {
      out.println(built + " is up to date: " + result.bundle().digest());
    }
    if (sizes) {
      Sizes.of(result.bundle()).forEach(out::println);
    }
    out.flush();
  }

  private void inJson(JsonProgress progress) throws BuildException, InterruptedException {
    boolean said = false;
    try {
      progress.ended(build(progress));
      said = true;
    } catch (BuildException e) {
      progress.failed(e.getMessage() + "", e.blame());
      said = true;
      throw e;
    } finally {
      if (!said) {
        // Interrupted, or a bug that is told on standard error.
        progress.failed("the build was broken off", Blame.PLATFORM);
      }
    }
  }

  private ImageBuilds.Result build(Progress progress) throws BuildException, InterruptedException {
    Main parent = Objects.requireNonNull(main);
    Optional<String> called = called();
    if (called.isPresent()) {
      Main.requireName(called.get());
    }
    Path images = parent.images(home);
    Optional<SigningKey> key = signingKey();
    ImageBuilds.Result result =
        new ImageBuilds(images, progress, parent.environment())
            .run(
                new ImageBuilds.Request(
                    origin(),
                    called,
                    kernel,
                    refresh,
                    Optional.ofNullable(sources),
                    new HashSet<>(insecure)));
    if (key.isPresent()) {
      sign(images, result.bundle(), key.get());
    }
    Main.tell(resultFile, result.bundle().manifest().name());
    return result;
  }

  /** What the image is to be called, where the command says it. */
  private Optional<String> called() throws BuildException {
    boolean nameFirst = image != null && (from != null || recipe != null);
    if (nameFirst && name != null) {
      throw new BuildException(Blame.USER, "give NAME or --name, not both");
    }
    return Optional.ofNullable(nameFirst ? image : name);
  }

  /** Before the build: a key that cannot be read is no reason to build for nothing. */
  private Optional<SigningKey> signingKey() throws BuildException {
    if (signKey == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(SigningKey.read(signKey));
    } catch (IOException e) {
      throw new BuildException(
          Blame.USER, "--sign-key " + signKey + " cannot be used: " + e.getMessage(), e);
    }
  }

  private static void sign(Path images, BootBundle bundle, SigningKey key)
      throws BuildException, InterruptedException {
    try {
      BundleStore.open(images)
          .sign(bundle.digest(), List.of(key.sign(bundle.manifest().toBytes())));
    } catch (IOException e) {
      throw new BuildException(
          bundle.manifest().name() + " was built but not signed: " + e.getMessage(), e);
    }
  }

  private Origin origin() throws BuildException {
    if (from != null && recipe != null) {
      throw new BuildException(Blame.USER, "give --from or --recipe, not both");
    }
    try {
      if (from != null) {
        return new Origin.Named(ImageSource.parse(from));
      }
      if (recipe != null) {
        return new Origin.RecipeFile(Recipes.find(recipe));
      }
      String wanted = image == null ? DEFAULT_RECIPE : image;
      return new Origin.Named(ImageSource.ofName(wanted, Recipes.names()::contains));
    } catch (IllegalArgumentException e) {
      throw new BuildException(Blame.USER, e.getMessage() + "", e);
    }
  }
}
