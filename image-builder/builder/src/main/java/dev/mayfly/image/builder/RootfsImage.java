package dev.mayfly.image.builder;

import dev.mayfly.image.builder.Commands.Command;
import dev.mayfly.image.tree.ArchiveAttributes;
import dev.mayfly.image.tree.TreeRefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Packs a tar archive as the read-only root file system of a guest: the same bytes each time. */
final class RootfsImage {
  /** As the guest mounts it. */
  static final String FILE_SYSTEM = "erofs";

  /** Of every file system made here: a random one would give two builds two digests. */
  static final String UUID = "6d617966-6c79-4d61-b966-6c7900000001";

  /**
   * Unpacks and packs in one process, because under fakeroot the owners live only as long as it. $1
   * archive, $2 tree, $3 exclusions, $4 image, $5 how tar treats extended attributes, $6 a dump of
   * them or nothing, $7 what ends a program with its parent or nothing; the rest are options of
   * mkfs.erofs.
   */
  private static final String MAKE_ROOTFS =
      """
      set -eu
      archive=$1 tree=$2 exclusions=$3 image=$4 attributes=$5 dump=$6 bound=$7
      shift 7
      mkdir "$tree"
      $bound tar --extract --file "$archive" --directory "$tree" --preserve-permissions --numeric-owner \\
        "$attributes" --anchored --exclude-from "$exclusions"
      if [ -n "$dump" ]; then
        cd "$tree"
        $bound setfattr --no-dereference --restore "$dump"
        cd /
      fi
      exec mkfs.erofs --quiet "$@" "$image" "$tree"
      """;

  /** Compressed bytes that are read at once. */
  private static final int CLUSTER_BYTES = 128 << 10;

  /** mkfs.erofs of erofs-utils 1.5 keeps the times of files only where they are before this. */
  private static final String LATEST_TIME = "SOURCE_DATE_EPOCH";

  private final BuildRoom room;

  RootfsImage(BuildRoom room) {
    this.room = room;
  }

  static List<Tool> tools(boolean root) {
    List<Tool> tools = new ArrayList<>(List.of(Tool.TAR, Tool.MKFS_EROFS));
    if (!root) {
      tools.add(Tool.FAKEROOT);
    }
    return tools;
  }

  /** What files say of when they were changed. */
  sealed interface Times {
    /** All the same, in seconds since 1970. */
    record Same(long seconds) implements Times {}

    /**
     * Each its own.
     *
     * @param latestSeconds none is later
     */
    record Own(long latestSeconds) implements Times {}
  }

  /**
   * @param archive trusted: it is unpacked as it is
   */
  void make(Path archive, List<String> exclusions, Times times, Path image)
      throws BuildException, InterruptedException, IOException {
    Tool.require(room.commands().path(), tools(room.root()));
    Path excluded = Files.write(room.work().resolve("exclusions"), exclusions);
    List<String> arguments = new ArrayList<>();
    if (!room.root()) {
      arguments.addAll(List.of(Tool.FAKEROOT.program(), "--"));
    }
    // A killed build must not leave a program that goes on writing where the next one works.
    List<String> bound =
        Tool.SETPRIV.isPresent(room.commands().path())
            ? List.of(Tool.SETPRIV.program(), "--pdeathsig", "KILL", "--")
            : List.of();
    arguments.addAll(bound);
    arguments.addAll(
        List.of(
            "sh",
            "-c",
            MAKE_ROOTFS,
            "sh",
            archive.toString(),
            room.work().resolve("tree").toString(),
            excluded.toString(),
            image.toString(),
            room.root() ? "--xattrs-include=*" : "--no-xattrs",
            room.root() ? "" : dump(archive),
            String.join(" ", bound),
            "-zlz4hc",
            // ops/docs/adr/0010-root-file-systems.md has the measurements.
            "-C" + CLUSTER_BYTES,
            "-Eztailpacking",
            "-U" + UUID));
    Map<String, String> environment =
        switch (times) {
          case Times.Same same -> {
            arguments.add("-T" + same.seconds());
            yield Map.of();
          }
          case Times.Own own -> Map.of(LATEST_TIME, Long.toString(own.latestSeconds() + 1));
        };
    requireNothingLost(arguments, environment);
  }

  /**
   * GNU tar makes a file with attributes by mknod without a type, which Linux takes for a regular
   * file and fakeroot for none at all; so they are set afterwards there.
   *
   * @return the dump's path, or nothing where the archive has no attributes
   */
  private String dump(Path archive) throws BuildException, IOException {
    Path dump = room.work().resolve("attributes");
    try {
      if (!ArchiveAttributes.dump(archive, dump)) {
        return "";
      }
    } catch (TreeRefusedException e) {
      throw new BuildException(e.getMessage() + "", e);
    }
    Tool.require(room.commands().path(), List.of(Tool.SETFATTR));
    return dump.toString();
  }

  private void requireNothingLost(List<String> arguments, Map<String, String> environment)
      throws BuildException, InterruptedException {
    List<String> lost = new ArrayList<>();
    room.commands()
        .mustRun(
            new Command(arguments, environment, ""),
            in -> in.skip(Long.MAX_VALUE),
            line -> {
              if (line.startsWith("tar: ") && line.contains("xattr") && lost.isEmpty()) {
                lost.add(line);
              }
            });
    if (!lost.isEmpty()) {
      // tar warns only.
      throw new BuildException(
          "the file system of "
              + room.work().path()
              + " does not keep extended attributes ("
              + lost.getFirst()
              + "); give another directory with --home");
    }
  }
}
