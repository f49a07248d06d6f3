package dev.mayfly.image.builder;

import dev.mayfly.image.builder.Commands.Command;
import dev.mayfly.image.builder.VerifiedDownload.Checksum;
import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.BundleManifest.Source;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.tree.FileView;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * Alpine's minirootfs and packages on top. The minirootfs is checked against the checksum its
 * publisher puts beside it; packages are added by the {@code apk} in it, which verifies them with
 * the keys in it.
 */
final class AlpineSource implements BuildSource {
  /** A minirootfs has 4 MB. */
  private static final long MAX_MINIROOTFS_BYTES = 64 << 20;

  /** Unpacked it has 8 MB; what claims to be far more is none. */
  private static final long MAX_UNPACKED_BYTES = 512 << 20;

  private static final int BUFFER_BYTES = 64 * 1024;

  private static final String ARCHITECTURE = "x86_64";

  private static final Pattern EXACT = Pattern.compile("[0-9]+\\.[0-9]+\\.[0-9]+");

  private static final Pattern LATEST =
      Pattern.compile("(?m)^ *file: (alpine-minirootfs-[0-9][0-9._a-z]*-x86_64\\.tar\\.gz)$");

  /**
   * $1 is the new root, the rest are arguments of apk. In name spaces of its own: the mounts go
   * with the last process, and no process outlives the first.
   */
  private static final String ADD_PACKAGES =
      """
      set -eu
      root=$1
      shift
      mkdir -p "$root/proc" "$root/dev" "$root/etc"
      mount -t proc proc "$root/proc"
      mount -t tmpfs -o mode=755,size=1m dev "$root/dev"
      mknod -m 666 "$root/dev/null" c 1 3
      mknod -m 666 "$root/dev/zero" c 1 5
      mknod -m 666 "$root/dev/urandom" c 1 9
      cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
      exec chroot "$root" /sbin/apk "$@"
      """;

  /** The mirror of this machine must not be in the image, nor what else is only a trace. */
  private static final List<String> REMOVE =
      List.of("./etc/resolv.conf", "./etc/hostname", "./var/cache/apk/*", "./dev/*", "./proc/*");

  private final String version;
  private final List<String> packages;
  private final AlpineMirror mirror;
  private Optional<Release> release = Optional.empty();

  /**
   * @param version {@code 3.22} for the latest of it, {@code 3.22.1}, or {@code edge}
   * @param packages checked names, sorted
   */
  AlpineSource(String version, List<String> packages, AlpineMirror mirror) {
    this.version = version;
    this.packages = List.copyOf(packages);
    this.mirror = mirror;
  }

  /** The published file, and what its publisher says it is. */
  private record Release(URI file, Checksum checksum) {}

  @Override
  public Source identify() throws BuildException, InterruptedException, IOException {
    Path directory = Files.createTempDirectory("mayfly-alpine");
    try {
      return source(release(new VerifiedDownload(directory)));
    } finally {
      Files.delete(directory);
    }
  }

  @Override
  public SourceContents fetch(BuildRoom room)
      throws BuildException, InterruptedException, IOException {
    List<Tool> tools = new ArrayList<>(RootfsImage.tools(room.root()));
    if (!packages.isEmpty()) {
      if (!room.root()) {
        throw new BuildException(
            "adding packages to Alpine changes into its root directory, which needs root: build as"
                + " root, or without packages");
      }
      tools.addAll(List.of(Tool.UNSHARE, Tool.CHROOT));
    }
    Tool.require(room.commands().path(), tools);
    VerifiedDownload download = new VerifiedDownload(room.work().path());
    Release wanted = release(download);
    Path file =
        room.steps()
            .run(
                "minirootfs",
                () -> download.verified(wanted.file(), wanted.checksum(), MAX_MINIROOTFS_BYTES));
    if (mirror.keyRing().isPresent()) {
      URI signature = URI.create(wanted.file() + ".asc");
      download.requireSigned(file, signature, mirror.keyRing().get(), room.commands());
    }
    Path archive = room.work().resolve("rootfs.tar");
    unpack(wanted.file(), file, archive);
    long seconds = newest(archive);
    if (!packages.isEmpty()) {
      room.steps()
          .run(
              "packages",
              () -> {
                addPackages(archive, seconds, room);
                return archive;
              });
    }
    FileView records = ArchiveFiles.read(archive, InstalledPackages::wants);
    return new SourceContents(
        new SystemFiles.TarArchive(archive, REMOVE),
        ARCHITECTURE,
        new Defaults(
            List.of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            "",
            "/workspace",
            List.of(),
            List.of()),
        source(wanted),
        seconds,
        false,
        files -> new InstalledPackages("alpine:" + version).sbom(records));
  }

  /** Says which file it is; asks the mirror once. */
  private Release release(VerifiedDownload download) throws BuildException, InterruptedException {
    if (release.isEmpty()) {
      String releases = branch() + "/releases/" + ARCHITECTURE + "/";
      String name;
      if (EXACT.matcher(version).matches()) {
        name = "alpine-minirootfs-" + version + "-" + ARCHITECTURE + ".tar.gz";
      } else {
        URI list = mirror.resolve(releases + "latest-releases.yaml");
        Matcher latest = LATEST.matcher(download.small(list));
        if (!latest.find()) {
          throw new BuildException(
              "the Alpine mirror's " + list.getPath() + " lists no minirootfs for " + ARCHITECTURE);
        }
        name = latest.group(1);
      }
      URI file = mirror.resolve(releases + name);
      Checksum checksum = download.checksum(URI.create(file + ".sha256"), "SHA-256", name);
      release = Optional.of(new Release(file, checksum));
    }
    return release.get();
  }

  /** {@code v3.22} or {@code edge}, the mirror's directory. */
  private String branch() {
    if (version.equals("edge")) {
      return version;
    }
    String[] numbers = version.split("\\.");
    return "v" + numbers[0] + "." + numbers[1];
  }

  private Source source(Release wanted) {
    String name = wanted.file().getPath().replaceFirst(".*/", "");
    String text =
        name + " " + wanted.checksum().hex() + "\npackages " + String.join(" ", packages) + "\n";
    return new Source(
        "alpine",
        packages.isEmpty() ? version : version + "?packages=" + String.join(",", packages),
        Sha256.of(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static void unpack(URI from, Path compressed, Path archive)
      throws IOException, BuildException {
    try (InputStream in = new GZIPInputStream(Files.newInputStream(compressed))) {
      long left = MAX_UNPACKED_BYTES;
      byte[] buffer = new byte[BUFFER_BYTES];
      try (OutputStream out = Files.newOutputStream(archive)) {
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          left -= read;
          if (left < 0) {
            throw new BuildException(
                from.getPath() + " unpacks to more than " + MAX_UNPACKED_BYTES + " bytes");
          }
          out.write(buffer, 0, read);
        }
      }
    }
  }

  /** Seconds since 1970 of the newest file: when the release was made. */
  private static long newest(Path archive) throws IOException {
    long newest = 0;
    try (TarArchiveInputStream tar = new TarArchiveInputStream(Files.newInputStream(archive))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        newest = Math.max(newest, entry.getLastModifiedTime().toMillis() / 1000);
      }
    }
    return newest;
  }

  private void addPackages(Path archive, long seconds, BuildRoom room)
      throws BuildException, InterruptedException, IOException {
    Path tree = Files.createDirectory(room.work().resolve("alpine"));
    run(
        room,
        List.of(
            Tool.TAR.program(),
            "--extract",
            "--file",
            archive.toString(),
            "--directory",
            tree.toString(),
            "--preserve-permissions",
            "--numeric-owner"));
    List<String> apk =
        new ArrayList<>(
            List.of(
                Tool.UNSHARE.program(),
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--propagation",
                "private",
                "--",
                "sh",
                "-c",
                ADD_PACKAGES,
                "sh",
                tree.toString(),
                "add",
                "--no-cache",
                "--no-progress",
                // The image's own list names other mirrors than the one that was asked for.
                "--repositories-file",
                "/dev/null"));
    for (String part : List.of("main", "community")) {
      apk.addAll(List.of("--repository", mirror.resolve(branch() + "/" + part).toString()));
    }
    apk.addAll(packages);
    run(room, apk);
    run(
        room,
        List.of(
            Tool.TAR.program(),
            "--create",
            "--file",
            archive.toString(),
            "--directory",
            tree.toString(),
            "--sort=name",
            "--numeric-owner",
            "--xattrs",
            "--one-file-system",
            "--mtime=@" + seconds,
            "."));
  }

  private static void run(BuildRoom room, List<String> arguments)
      throws BuildException, InterruptedException {
    room.commands()
        .mustRun(
            new Command(arguments, Map.of(), ""),
            in -> in.skip(Long.MAX_VALUE),
            line -> room.steps().note(line));
  }
}
