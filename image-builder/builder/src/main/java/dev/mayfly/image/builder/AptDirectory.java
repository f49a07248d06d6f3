package dev.mayfly.image.builder;

import dev.mayfly.image.builder.Commands.Command;
import dev.mayfly.image.builder.Commands.Ended;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Fetches single packages through apt, which verifies them from the archive's signature on, with a
 * state of its own: what is installed on this machine neither matters nor changes. The lists are
 * kept, so that a second look asks the mirror only for what is new.
 */
final class AptDirectory {
  /** One paragraph has some kilobytes. */
  private static final int MAX_OUTPUT_BYTES = 16 << 20;

  private static final Pattern VERSION = Pattern.compile("(?m)^Version: (\\S+)$");
  private static final Pattern SHA256 = Pattern.compile("(?m)^SHA256: ([0-9a-f]{64})$");

  /** A package may be written by whoever names it, so $2 is data to this script. */
  private static final String DOWNLOAD =
      """
      set -eu
      cd "$1"
      exec apt-get download -q "$2" >&2
      """;

  private final Commands commands;
  private final Path settings;

  private AptDirectory(Commands commands, Path settings) {
    this.commands = commands;
    this.settings = settings;
  }

  /**
   * A package as the mirror's lists have it.
   *
   * @param sha256 of the package file, 64 hexadecimal digits
   */
  record Candidate(String name, String version, String sha256) {
    /** {@code package=version}. */
    String source() {
      return name + "=" + version;
    }
  }

  /**
   * Opens such a directory, making it where absent. One user at a time.
   *
   * @param sources what to fetch from
   */
  static AptDirectory open(Path directory, Commands commands, List<AptSources.Entry> sources)
      throws IOException, BuildException, InterruptedException {
    for (String part : List.of("state/lists/partial", "cache/archives/partial", "empty")) {
      Files.createDirectories(directory.resolve(part));
    }
    Files.writeString(directory.resolve("status"), "");
    StringBuilder lines = new StringBuilder();
    sources.forEach(source -> lines.append(source.toLine()).append('\n'));
    Files.writeString(directory.resolve("sources.list"), lines);
    Path settings = directory.resolve("apt.conf");
    // APT_CONFIG is read before the machine's own files, so these lines also keep those out.
    Files.writeString(
        settings,
        """
        Dir::State "%1$s/state";
        Dir::State::status "%1$s/status";
        Dir::Cache "%1$s/cache";
        Dir::Etc::sourcelist "%1$s/sources.list";
        Dir::Etc::sourceparts "%1$s/empty";
        Dir::Etc::main "%1$s/empty/none";
        Dir::Etc::parts "%1$s/empty";
        Dir::Etc::preferences "%1$s/empty/none";
        Dir::Etc::preferencesparts "%1$s/empty";
        APT::Architecture "amd64";
        APT::Architectures "amd64";
        APT::Sandbox::User "";
        Acquire::Languages "none";
        Acquire::GzipIndexes "true";
        Acquire::Retries "3";
        """
                .formatted(directory)
            + HostAptSettings.read(commands));
    return new AptDirectory(commands, settings);
  }

  /** Asks the mirrors what they have. */
  void update() throws BuildException, InterruptedException {
    run(List.of(Tool.APT.program(), "update", "-q", "--error-on=any"), new StringBuilder());
  }

  /** The first package another one depends on that begins so; a metapackage has one. */
  String dependency(String metapackage, String prefix) throws BuildException, InterruptedException {
    StringBuilder out = new StringBuilder();
    run(List.of("apt-cache", "depends", "--important", metapackage), out);
    Matcher matcher =
        Pattern.compile("(?m)^ *Depends: (" + Pattern.quote(prefix) + "[a-z0-9.+-]*)$")
            .matcher(out);
    if (!matcher.find()) {
      throw new BuildException(
          "the package sources have no " + metapackage + " that depends on a " + prefix + "*");
    }
    return matcher.group(1);
  }

  /** The version apt would take. */
  Candidate candidate(String name) throws BuildException, InterruptedException {
    StringBuilder out = new StringBuilder();
    run(List.of("apt-cache", "show", "--no-all-versions", name), out);
    Matcher version = VERSION.matcher(out);
    Matcher sha256 = SHA256.matcher(out);
    if (!version.find() || !sha256.find()) {
      throw new BuildException("the package sources do not say the version or digest of " + name);
    }
    return new Candidate(name, version.group(1), sha256.group(1));
  }

  /**
   * Fetches and verifies that package.
   *
   * @param into an empty directory
   */
  Path download(Candidate candidate, Path into)
      throws BuildException, InterruptedException, IOException {
    run(
        List.of("sh", "-c", DOWNLOAD, "sh", into.toString(), candidate.source()),
        new StringBuilder());
    try (DirectoryStream<Path> files = Files.newDirectoryStream(into, "*.deb")) {
      for (Path file : files) {
        return file;
      }
    }
    throw new BuildException("apt-get download left no package file of " + candidate.source());
  }

  private void run(List<String> arguments, StringBuilder out)
      throws BuildException, InterruptedException {
    Ended ended =
        commands.run(
            new Command(arguments, Map.of("APT_CONFIG", settings.toString()), ""),
            in -> out.append(new String(in.readNBytes(MAX_OUTPUT_BYTES), StandardCharsets.UTF_8)),
            line -> {});
    if (ended.exitCode() != 0) {
      throw new BuildException(AptFailure.explain(ended.lastLines()));
    }
  }
}
