package dev.mayfly.image.builder;

import dev.mayfly.image.builder.Commands.Command;
import dev.mayfly.image.builder.Commands.Ended;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Lets mmdebstrap make the root file system as a tar archive, with the kernel's package in it at
 * {@link #KERNEL_PACKAGE}: apt fetches and verifies both in one run, whichever way mmdebstrap gets
 * its privileges.
 */
final class Bootstrap {
  /** In the archive only; taken out before the root file system is made. */
  static final String KERNEL_PACKAGE = "./.mayfly/kernel.deb";

  /**
   * The settings of the building machine's apt that say how to reach a mirror, and nothing else.
   */
  private static final Pattern HOST_SETTING =
      Pattern.compile(
          "Acquire::(http|https|ftp)::(.*::)?(Proxy|Proxy-Auto-Detect|CaInfo|SslCert|SslKey|Timeout) \"[^\"]*\";");

  /**
   * $1 is the new root, as mmdebstrap passes it; %s a package name that RecipeParser has checked.
   */
  private static final String FETCH_KERNEL =
      """
      set -eu
      mkdir "$1/.mayfly"
      cd "$1/.mayfly"
      APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
      export APT_CONFIG
      package=$(apt-cache depends --important "$METAPACKAGE" | sed -n 's/^ *Depends: \\(linux-image-.*\\)/\\1/p' | head -n 1)
      test -n "$package" || { echo "E: Unable to locate package $METAPACKAGE" >&2; exit 1; }
      apt-get download -q -o APT::Sandbox::User=root "$package" >&2
      mv -- *.deb kernel.deb
      """;

  /**
   * As root mmdebstrap mounts /proc and more into its tree; so they go when the last process does.
   */
  private static final List<String> PRIVATE_MOUNTS =
      List.of(Tool.UNSHARE.program(), "--mount", "--propagation", "private", "--");

  private final Commands commands;
  private final WorkDirectory work;

  Bootstrap(Commands commands, WorkDirectory work) {
    this.commands = commands;
    this.work = work;
  }

  /** How mmdebstrap may act as root towards the new tree. */
  enum Mode {
    ROOT("root"),
    UNSHARE("unshare"),
    FAKECHROOT("fakechroot");

    private final String option;

    Mode(String option) {
      this.option = option;
    }
  }

  /** Root where we are root; else user namespaces where they work; else fakechroot. */
  Mode mode(boolean root) throws BuildException, InterruptedException {
    if (root) {
      return Mode.ROOT;
    }
    if (succeeds(List.of(Tool.MMDEBSTRAP.program(), "--unshare-helper"), "true")) {
      return Mode.UNSHARE;
    }
    if (!Tool.FAKECHROOT.isPresent(commands.path()) || !Tool.FAKEROOT.isPresent(commands.path())) {
      throw new BuildException(
          "an ordinary user can build an image only with user namespaces or with fakechroot;"
              + " install with: apt-get install uidmap fakechroot fakeroot");
    }
    return Mode.FAKECHROOT;
  }

  /**
   * Writes the archive.
   *
   * @param onLine told mmdebstrap's own steps
   */
  void run(
      Recipe recipe,
      List<AptSources.Entry> sources,
      Mode mode,
      Path archive,
      Consumer<String> onLine)
      throws BuildException, InterruptedException, IOException {
    List<String> arguments = new ArrayList<>();
    if (mode == Mode.ROOT && succeeds(PRIVATE_MOUNTS, "true")) {
      arguments.addAll(PRIVATE_MOUNTS);
    }
    arguments.addAll(
        List.of(
            Tool.MMDEBSTRAP.program(),
            "--mode=" + mode.option,
            "--variant=" + recipe.variant(),
            "--architectures=amd64",
            "--format=tar",
            // It would look for the key ring of entries that name none, with gpg; apt trusts for
            // them
            // what this machine's apt trusts.
            "--skip=check/signed-by",
            "--include=" + String.join(",", recipe.packages()),
            "--dpkgopt=force-unsafe-io",
            "--aptopt=Acquire::Retries \"3\""));
    hostSettings().ifPresent(file -> arguments.add("--aptopt=" + file));
    recipe.unpackNever().forEach(path -> arguments.add("--dpkgopt=path-exclude=" + path));
    recipe.unpackStill().forEach(path -> arguments.add("--dpkgopt=path-include=" + path));
    arguments.add("--customize-hook=" + FETCH_KERNEL);
    arguments.addAll(List.of(recipe.suite(), "-", "-"));
    StringBuilder lines = new StringBuilder();
    sources.forEach(source -> lines.append(source.toLine()).append('\n'));
    Map<String, String> environment = new HashMap<>();
    environment.put("METAPACKAGE", recipe.kernel().metapackage());
    environment.put("SOURCE_DATE_EPOCH", Long.toString(recipe.epochSeconds()));
    if (mode != Mode.UNSHARE) {
      // In a user namespace mmdebstrap acts as a user who cannot enter our directory.
      environment.put("TMPDIR", Files.createDirectory(work.resolve("tmp")).toString());
    } else {
      BuildSpace.require(Path.of("/tmp"));
    }
    Ended ended =
        commands.run(
            new Command(arguments, environment, lines.toString()),
            in -> Files.copy(in, archive),
            onLine);
    if (ended.exitCode() != 0) {
      throw new BuildException(AptFailure.explain(ended.lastLines()));
    }
  }

  private boolean succeeds(List<String> wrapper, String program)
      throws BuildException, InterruptedException {
    List<String> arguments = new ArrayList<>(wrapper);
    arguments.add(program);
    return commands
            .run(new Command(arguments, Map.of(), ""), in -> in.skip(Long.MAX_VALUE), line -> {})
            .exitCode()
        == 0;
  }

  /**
   * mmdebstrap's apt does not read the machine's own settings, so a proxy is handed on; as a file,
   * because it may hold a password.
   */
  private Optional<Path> hostSettings() throws BuildException, InterruptedException, IOException {
    StringBuilder kept = new StringBuilder();
    commands.mustRun(
        new Command(
            List.of("apt-config", "dump", "--format", "%F \"%v\";%n", "Acquire"), Map.of(), ""),
        in -> {
          for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
            if (HOST_SETTING.matcher(line).matches()) {
              kept.append(line).append('\n');
            }
          }
        },
        line -> {});
    if (kept.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(Files.writeString(work.resolve("apt.conf"), kept));
  }
}
