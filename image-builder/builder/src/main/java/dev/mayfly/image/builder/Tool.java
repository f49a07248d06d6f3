package dev.mayfly.image.builder;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A program of the building machine, and the Debian package that has it. */
enum Tool {
  APT("apt-get", "apt"),
  MMDEBSTRAP("mmdebstrap", "mmdebstrap"),
  DPKG_DEB("dpkg-deb", "dpkg"),
  GPGV("gpgv", "gpgv"),
  TAR("tar", "tar"),
  MKFS_EROFS("mkfs.erofs", "erofs-utils"),
  FAKEROOT("fakeroot", "fakeroot"),
  FAKECHROOT("fakechroot", "fakechroot"),
  SETFATTR("setfattr", "attr"),
  QEMU_IMG("qemu-img", "qemu-utils"),
  DEBUGFS("debugfs", "e2fsprogs"),
  E2FSCK("e2fsck", "e2fsprogs"),
  TUNE2FS("tune2fs", "e2fsprogs"),
  RESIZE2FS("resize2fs", "e2fsprogs"),
  PRLIMIT("prlimit", "util-linux"),
  SETPRIV("setpriv", "util-linux"),
  UNSHARE("unshare", "util-linux"),
  BUILDAH("buildah", "buildah"),
  DOCKER("docker", "docker.io"),
  CHROOT("chroot", "coreutils");

  /** Where system programs are, though not on an ordinary user's PATH. */
  static final String SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin";

  private final String program;
  private final String debianPackage;

  Tool(String program, String debianPackage) {
    this.program = program;
    this.debianPackage = debianPackage;
  }

  String program() {
    return program;
  }

  boolean isPresent(String path) {
    return find(path).isPresent();
  }

  Optional<Path> find(String path) {
    for (String directory : path.split(":")) {
      Path candidate = Path.of(directory.isEmpty() ? "." : directory, program);
      if (Files.isExecutable(candidate) && Files.isRegularFile(candidate)) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  /** Passes when all are there, else names every one that is not. */
  static void require(String path, List<Tool> tools) throws BuildException {
    List<String> missing = new ArrayList<>();
    Set<String> packages = new LinkedHashSet<>();
    for (Tool tool : tools) {
      if (!tool.isPresent(path)) {
        missing.add(tool.program);
        packages.add(tool.debianPackage);
      }
    }
    if (!missing.isEmpty()) {
      throw new BuildException(
          "missing on this machine: "
              + String.join(", ", missing)
              + "; install with: apt-get install "
              + String.join(" ", packages));
    }
  }
}
