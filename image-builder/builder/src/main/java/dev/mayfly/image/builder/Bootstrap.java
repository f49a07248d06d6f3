package dev.mayfly.image.builder;

import dev.mayfly.image.builder.Commands.Command;
import dev.mayfly.image.builder.Commands.Ended;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Lets mmdebstrap make the root file system as a tar archive; apt fetches and verifies its
 * packages.
 */
final class Bootstrap {
  /** One package that has nothing but the names in {@code PROVIDES}, so that apt asks no other. */
  private static final String PROVIDE =
      """
      set -eu
      package="$1/.mayfly/provides"
      mkdir -p "$package/DEBIAN"
      cat > "$package/DEBIAN/control" <<END
      Package: mayfly-provides
      Version: 1
      Architecture: all
      Maintainer: Mayfly <root@localhost>
      Provides: $PROVIDES
      Description: names that other packages of this image provide without saying so
      END
      dpkg-deb --build --root-owner-group "$package" "$package.deb" >&2
      chroot "$1" dpkg --install /.mayfly/provides.deb >&2
      """;

  /** Where nothing is installed dpkg keeps no record, so each package's own is put by. */
  private static final String RECORD =
      """
      set -eu
      records="$1/var/lib/dpkg/status.d"
      mkdir -p "$records"
      for package in "$1"/var/cache/apt/archives/*.deb; do
        dpkg-deb --field "$package" > "$records/$(dpkg-deb --field "$package" Package)"
      done
      """;

  /** It is static and of this architecture, so it runs here and says its commands itself. */
  private static final String LINK_APPLETS =
      """
      set -eu
      busybox="$1/bin/busybox"
      test -x "$busybox" || busybox="$1/usr/bin/busybox"
      "$busybox" --list-full | while read -r applet; do
        mkdir -p "$(dirname "$1/$applet")"
        test -e "$1/$applet" || test -L "$1/$applet" || ln -sr "$busybox" "$1/$applet"
      done
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
            "--variant=" + recipe.variant().option(),
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
    arguments.addAll(hooks(recipe));
    arguments.addAll(List.of(recipe.suite(), "-", "-"));
    StringBuilder lines = new StringBuilder();
    sources.forEach(source -> lines.append(source.toLine()).append('\n'));
    Map<String, String> environment = new HashMap<>();
    environment.put("PROVIDES", String.join(", ", recipe.provides()));
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

  private static List<String> hooks(Recipe recipe) {
    // Where nothing is installed there is no other point at which hooks run.
    String last =
        switch (recipe.variant()) {
          case APT, ESSENTIAL -> "--customize-hook=";
          case EXTRACT -> "--extract-hook=";
        };
    List<String> hooks = new ArrayList<>();
    if (recipe.variant() == Recipe.Variant.EXTRACT) {
      hooks.add(last + RECORD);
    }
    if (!recipe.provides().isEmpty()) {
      hooks.add("--essential-hook=" + PROVIDE);
    }
    if (recipe.additions().busyboxApplets()) {
      hooks.add(last + LINK_APPLETS);
    }
    return hooks;
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
    String kept = HostAptSettings.read(commands);
    if (kept.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(Files.writeString(work.resolve("apt.conf"), kept));
  }
}
