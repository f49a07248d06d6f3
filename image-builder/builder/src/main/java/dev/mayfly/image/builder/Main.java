package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.BundleVerifier;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * The image builder's command line. Exit codes: 0 done, 1 failed (one line on standard error says
 * why), 2 wrong usage, 130 and 143 interrupted.
 */
@Command(
    name = "image",
    description = "Builds and keeps boot images.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      BuildCommand.class,
      ResolveCommand.class,
      TransferCommands.Push.class,
      TransferCommands.Pull.class,
      SigningCommands.Key.class,
      SigningCommands.Sign.class,
      KernelCommand.class,
      CommandLine.HelpCommand.class
    })
public final class Main {
  private static final int FAILED = 1;
  private static final String LOGGING = "logback.configurationFile";

  /** A stopped build needs up to 20 s for mmdebstrap's own clean-up, and some for its files. */
  private static final long CLEAN_UP_SECONDS = 40;

  @Spec private @Nullable CommandSpec spec;

  private final Map<String, String> environment;

  Main(Map<String, String> environment) {
    this.environment = environment;
  }

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] arguments) {
    if (System.getProperty(LOGGING) == null) {
      // Standard output is for results, which programs read.
      System.setProperty(LOGGING, "image-builder-logback.xml");
    }
    CountDownLatch done = new CountDownLatch(1);
    Thread main = Thread.currentThread();
    Thread stop = new Thread(() -> stop(main, done), "stop");
    Runtime.getRuntime().addShutdownHook(stop);
    int exitCode = commandLine(new Main(System.getenv())).execute(arguments);
    done.countDown();
    System.exit(exitCode);
  }

  static CommandLine commandLine(Main main) {
    return new CommandLine(main)
        .setExecutionExceptionHandler(Main::report)
        .setCaseInsensitiveEnumValuesAllowed(true);
  }

  /** SIGTERM and Ctrl-C: the build is interrupted, undoes what it began, and then the JVM ends. */
  private static void stop(Thread main, CountDownLatch done) {
    if (done.getCount() > 0) {
      main.interrupt();
      try {
        done.await(CLEAN_UP_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static int report(
      Exception failure, CommandLine command, CommandLine.ParseResult arguments) {
    PrintWriter err = command.getErr();
    switch (failure) {
      case BuildException e -> err.println("image: " + e.getMessage());
      case InterruptedException e -> err.println("image: interrupted; nothing was changed");
      case IOException e ->
          err.println("image: " + e.getClass().getSimpleName() + ": " + e.getMessage());
      default -> {
        err.println("image: a bug in the image builder:");
        failure.printStackTrace(err);
      }
    }
    err.flush();
    return FAILED;
  }

  @Command(name = "ls", description = "Lists the images of this machine.")
  int list(
      @Option(names = "--home", paramLabel = "DIR", description = HOME) @Nullable Path home,
      @Option(
              names = "--plain",
              description = "For programs: one line per name, its digest, architecture and bytes.")
          boolean plain)
      throws IOException {
    BundleStore store = BundleStore.open(images(home));
    Map<String, Sha256> names = store.names();
    if (plain) {
      for (String name : names.keySet()) {
        Optional<BootBundle> bundle = store.find(name);
        if (bundle.isPresent()) {
          BootBundle there = bundle.get();
          out()
              .printf(
                  "%s %s %s %d%n",
                  name, there.digest(), there.manifest().architecture(), there.size());
        }
      }
      out().flush();
      return 0;
    }
    List<BootBundle> bundles = new ArrayList<>(store.list());
    bundles.sort(Comparator.comparing(bundle -> bundle.manifest().name()));
    PrintWriter out = out();
    out.printf("%-24s %-19s %9s  %s%n", "IMAGE", "DIGEST", "SIZE", "KERNEL");
    for (BootBundle bundle : bundles) {
      String name = bundle.manifest().name();
      boolean named = names.containsValue(bundle.digest());
      out.printf(
          Locale.ROOT,
          "%-24s %-19s %5d MiB  %s%n",
          named ? name : name + " (old)",
          bundle.digest().toString().substring(0, 19),
          bundle.size() >> 20,
          bundle.manifest().kernel().release());
    }
    out.flush();
    return 0;
  }

  @Command(name = "inspect", description = "Prints an image's manifest.")
  int inspect(
      @Parameters(paramLabel = "NAME|DIGEST") String which,
      @Option(names = "--home", paramLabel = "DIR", description = HOME) @Nullable Path home)
      throws IOException, BuildException {
    BootBundle bundle = find(BundleStore.open(images(home)), which);
    out().println(new String(bundle.manifest().toBytes(), StandardCharsets.UTF_8));
    out().flush();
    return 0;
  }

  @Command(name = "verify", description = "Reads every file of an image and checks its digest.")
  int verify(
      @Parameters(paramLabel = "NAME|DIGEST") String which,
      @Option(names = "--home", paramLabel = "DIR", description = HOME) @Nullable Path home)
      throws IOException, BuildException {
    BootBundle bundle = find(BundleStore.open(images(home)), which);
    new BundleVerifier().verify(bundle);
    out().println(bundle.manifest().name() + " is whole: " + bundle.digest());
    out().flush();
    return 0;
  }

  @Command(name = "rm", description = "Removes an image's name; gc then removes its files.")
  int remove(
      @Parameters(paramLabel = "NAME") String name,
      @Option(names = "--home", paramLabel = "DIR", description = HOME) @Nullable Path home)
      throws IOException, InterruptedException, BuildException {
    if (!BundleStore.open(images(home)).forget(name)) {
      throw new BuildException("there is no image " + name + " here");
    }
    return 0;
  }

  @Command(name = "gc", description = "Removes the files of images that have no name any more.")
  int collect(@Option(names = "--home", paramLabel = "DIR", description = HOME) @Nullable Path home)
      throws IOException, InterruptedException {
    for (Sha256 digest : BundleStore.open(images(home)).collectGarbage()) {
      out().println("removed " + digest);
    }
    out().flush();
    return 0;
  }

  static final String HOME = "State directory (default: MAYFLY_HOME or the user's data directory).";

  static final String RESULT = "Write the image's name there when it is done, for programs.";

  /** Tells a program what was made, if it asked. */
  static void tell(@Nullable Path file, String name) throws BuildException {
    if (file != null) {
      try {
        Files.writeString(file, name);
      } catch (IOException e) {
        throw new BuildException(
            Blame.USER, "--result " + file + " cannot be written: " + e.getMessage(), e);
      }
    }
  }

  static BootBundle find(BundleStore store, String which) throws IOException, BuildException {
    Optional<BootBundle> found;
    if (which.startsWith("sha256:")) {
      try {
        found = store.find(Sha256.parse(which));
      } catch (IllegalArgumentException e) {
        throw new BuildException(e.getMessage() + "", e);
      }
    } else {
      found = store.find(which);
    }
    return found.orElseThrow(() -> new BuildException("there is no image " + which + " here"));
  }

  /** Before minutes are spent on an image that could not be called that. */
  static void requireName(String name) throws BuildException {
    try {
      BundleManifest.requireName(name);
    } catch (IllegalArgumentException e) {
      throw new BuildException(BuildException.Blame.USER, "--name: " + e.getMessage(), e);
    }
  }

  Map<String, String> environment() {
    return environment;
  }

  Path images(@Nullable Path option) {
    return home(option).resolve("images").toAbsolutePath().normalize();
  }

  /** As {@code ops/docs/configuration.md} says it. */
  private Path home(@Nullable Path option) {
    if (option != null) {
      return option;
    }
    String property =
        System.getProperty("mayfly.home", environment.getOrDefault("MAYFLY_HOME", ""));
    if (!property.isEmpty()) {
      return Path.of(property);
    }
    String data = environment.getOrDefault("XDG_DATA_HOME", "");
    // The XDG specification has relative paths ignored.
    return data.startsWith("/")
        ? Path.of(data, "mayfly")
        : Path.of(System.getProperty("user.home"), ".local", "share", "mayfly");
  }

  private PrintWriter out() {
    if (spec == null) {
      throw new IllegalStateException("picocli has not started this command");
    }
    return spec.commandLine().getOut();
  }
}
