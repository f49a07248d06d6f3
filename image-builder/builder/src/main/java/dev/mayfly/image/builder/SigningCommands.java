package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleSignature;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.bundle.SigningKey;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code image key new} and {@code image sign}: who vouches for a bundle. */
final class SigningCommands {
  private SigningCommands() {}

  /**
   * Signs a bundle that is in the store.
   *
   * @param which an image's name or a bundle's digest
   * @param keyFile as {@link SigningKey#read} takes it
   */
  static BundleSignature sign(BundleStore store, String which, Path keyFile)
      throws IOException, InterruptedException, BuildException {
    BootBundle bundle =
        find(store, which)
            .orElseThrow(() -> new BuildException("there is no image " + which + " here"));
    BundleSignature signature = SigningKey.read(keyFile).sign(bundle.manifest().toBytes());
    store.sign(bundle.digest(), List.of(signature));
    return signature;
  }

  private static Optional<BootBundle> find(BundleStore store, String which)
      throws IOException, BuildException {
    if (!which.startsWith("sha256:")) {
      return store.find(which);
    }
    try {
      return store.find(Sha256.parse(which));
    } catch (IllegalArgumentException e) {
      throw new BuildException(e.getMessage() + "", e);
    }
  }

  /** {@code image key}: keys that sign. */
  @Command(
      name = "key",
      description = "Makes keys that sign images.",
      synopsisSubcommandLabel = "COMMAND",
      subcommands = Key.New.class)
  static final class Key {
    /** {@code image key new FILE}. */
    @Command(
        name = "new",
        description = "Makes a key: FILE, which signs, and FILE.pub, which workers trust.")
    static final class New implements Callable<Integer> {
      @Parameters(paramLabel = "FILE")
      private @Nullable Path file;

      @Spec private @Nullable CommandSpec spec;

      @Override
      public Integer call() throws IOException, BuildException {
        Path target = Objects.requireNonNull(file);
        SigningKey key;
        try {
          key = SigningKey.create(target);
        } catch (FileAlreadyExistsException e) {
          throw new BuildException(
              e.getFile() + " is there already, and a key is never overwritten", e);
        }
        print(
            spec,
            "key "
                + key.keyId()
                + " is in "
                + target
                + ": keep it where images are signed; put "
                + target
                + SigningKey.PUBLIC_SUFFIX
                + " into each worker's mayfly.worker.trusted-keys");
        return 0;
      }
    }
  }

  /** {@code image sign NAME --key FILE}. */
  @Command(name = "sign", description = "Signs an image of this machine.")
  static final class Sign implements Callable<Integer> {
    @Parameters(paramLabel = "NAME|DIGEST")
    private @Nullable String which;

    @Option(
        names = "--key",
        paramLabel = "FILE",
        required = true,
        description = "Made by image key new.")
    private @Nullable Path key;

    @Option(
        names = "--home",
        paramLabel = "DIR",
        description = "State directory (default: MAYFLY_HOME or the user's data directory).")
    private @Nullable Path home;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException, BuildException {
      String name = Objects.requireNonNull(which);
      BundleStore store = BundleStore.open(home().resolve("images").toAbsolutePath().normalize());
      BundleSignature signature = sign(store, name, Objects.requireNonNull(key));
      print(spec, name + " is signed by key " + signature.keyId());
      return 0;
    }

    /** As {@code ops/docs/configuration.md} says it. */
    private Path home() {
      if (home != null) {
        return home;
      }
      String given =
          System.getProperty("mayfly.home", System.getenv().getOrDefault("MAYFLY_HOME", ""));
      if (!given.isEmpty()) {
        return Path.of(given);
      }
      String data = System.getenv().getOrDefault("XDG_DATA_HOME", "");
      return data.startsWith("/")
          ? Path.of(data, "mayfly")
          : Path.of(System.getProperty("user.home"), ".local", "share", "mayfly");
    }
  }

  private static void print(@Nullable CommandSpec spec, String line) {
    var out = Objects.requireNonNull(spec).commandLine().getOut();
    out.println(line);
    out.flush();
  }
}
