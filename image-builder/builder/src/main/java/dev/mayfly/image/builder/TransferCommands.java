package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.oci.OciException;
import dev.mayfly.image.registry.BundleTransfer;
import dev.mayfly.image.registry.LayerCache;
import dev.mayfly.image.registry.RegistryAccess;
import dev.mayfly.image.source.RegistryReference;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code image push} and {@code image pull}: boot bundles in OCI registries. */
final class TransferCommands {
  private TransferCommands() {}

  /** What both have. */
  abstract static class Transfer implements Callable<Integer> {
    @ParentCommand private @Nullable Main main;
    @Spec private @Nullable CommandSpec spec;

    @Option(
        names = "--insecure-registry",
        paramLabel = "HOST[:PORT]",
        description = "A registry that is reached by plain HTTP; may be repeated.")
    private List<String> insecure = List.of();

    @Option(names = "--home", paramLabel = "DIR", description = Main.HOME)
    private @Nullable Path home;

    @Override
    public Integer call() throws BuildException, InterruptedException, IOException {
      Main parent = Objects.requireNonNull(main);
      Path images = parent.images(home);
      BundleStore store = BundleStore.open(images);
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      try {
        BundleTransfer transfer =
            new BundleTransfer(
                store,
                RegistryAccess.of(parent.environment(), new HashSet<>(insecure)),
                new LayerCache(images.resolve("layers"), LayerCache.DEFAULT_MAX_BYTES),
                new PrintedProgress(out)::noted);
        out.println(run(store, transfer));
        out.flush();
        return 0;
      } catch (OciException e) {
        throw OciContents.failed(e);
      }
    }

    abstract String run(BundleStore store, BundleTransfer transfer)
        throws BuildException, InterruptedException, IOException;

    static RegistryReference reference(String text) throws BuildException {
      try {
        return RegistryReference.parse(text);
      } catch (IllegalArgumentException e) {
        throw new BuildException(Blame.USER, text + ": " + e.getMessage(), e);
      }
    }
  }

  /** {@code image push}. */
  @Command(name = "push", description = "Pushes an image as a boot bundle to an OCI registry.")
  static final class Push extends Transfer {
    @Parameters(index = "0", paramLabel = "NAME|DIGEST")
    private String image = "";

    @Parameters(index = "1", paramLabel = "REGISTRY/REPOSITORY:TAG")
    private String target = "";

    @Override
    String run(BundleStore store, BundleTransfer transfer)
        throws BuildException, InterruptedException, IOException {
      RegistryReference reference = reference(target);
      BootBundle bundle = Main.find(store, image);
      return reference + "@" + transfer.push(bundle, reference);
    }
  }

  /** {@code image pull}. */
  @Command(
      name = "pull",
      description = {
        "Pulls a boot bundle that image push has pushed, checks it, and points its name to it.",
        "A container image is built instead, by image build."
      })
  static final class Pull extends Transfer {
    @Parameters(paramLabel = "REGISTRY/REPOSITORY[:TAG][@DIGEST]")
    private String source = "";

    @Option(
        names = "--name",
        paramLabel = "NAME",
        description = "What the image is to be called (default: as it was when it was pushed).")
    private @Nullable String name;

    @Option(names = "--result", paramLabel = "FILE", description = Main.RESULT)
    private @Nullable Path result;

    @Override
    String run(BundleStore store, BundleTransfer transfer)
        throws BuildException, InterruptedException, IOException {
      RegistryReference reference = reference(source);
      if (name != null) {
        Main.requireName(name);
      }
      BootBundle bundle = transfer.pull(reference);
      String named = name == null ? bundle.manifest().name() : name;
      store.point(named, bundle.digest());
      Main.tell(result, named);
      return named + " is " + bundle.digest();
    }
  }
}
