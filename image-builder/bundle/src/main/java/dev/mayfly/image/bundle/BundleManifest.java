package dev.mayfly.image.bundle;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a boot bundle holds: schema 1 of {@code ops/docs/boot-bundle.md}. Its canonical bytes'
 * sha256 is the bundle's digest.
 *
 * @param name the image name it was built for, for example {@code debian:12}
 * @param architecture as {@code uname -m} says it
 * @param rootfs absent in a kernel-only bundle
 */
public record BundleManifest(
    String name,
    String architecture,
    Kernel kernel,
    Initramfs initramfs,
    Optional<Rootfs> rootfs,
    Defaults defaults,
    Provenance provenance) {

  /** The only schema this code reads and writes. */
  public static final int SCHEMA = 1;

  /** The manifest's own file name. */
  public static final String FILE = "manifest.json";

  /** A manifest lists a few hundred packages at about 30 bytes each; this is several times that. */
  public static final int MAX_BYTES = 64 * 1024;

  public BundleManifest {
    Names.requireImageName("name", name);
    requireText("architecture", architecture);
    Set<String> files = new HashSet<>();
    files.add(FILE);
    for (BundleFile file : filesOf(kernel, initramfs, rootfs)) {
      if (!files.add(file.name())) {
        throw new IllegalArgumentException("two members name the file " + file.name());
      }
    }
  }

  /**
   * One file of the bundle.
   *
   * @param name a plain file name: lower-case letters, digits, {@code . _ -}, no directory part
   * @param size in bytes
   */
  public record BundleFile(String name, Sha256 sha256, long size) {
    private static final Pattern PLAIN = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");

    public BundleFile {
      if (!PLAIN.matcher(name).matches()) {
        throw new IllegalArgumentException("file is not a plain lower-case file name");
      }
      if (size < 1) {
        throw new IllegalArgumentException("size is not positive");
      }
    }
  }

  /**
   * The guest's kernel.
   *
   * @param release as {@code uname -r} says it
   * @param flavour whose kernel it is, for example {@code debian-cloud}
   * @param needsAcpi it finds virtio devices through ACPI only
   */
  public record Kernel(BundleFile file, String release, String flavour, boolean needsAcpi) {
    public Kernel {
      requireText("kernel.release", release);
      requireText("kernel.flavour", flavour);
    }
  }

  /**
   * What the kernel starts from.
   *
   * @param protocolVersion of {@code ops/docs/guest-protocol.md}
   */
  public record Initramfs(BundleFile file, String agentVersion, int protocolVersion) {
    public Initramfs {
      requireText("initramfs.agentVersion", agentVersion);
      if (protocolVersion < 1 || protocolVersion > 0xFFFF) {
        throw new IllegalArgumentException("initramfs.protocolVersion is not between 1 and 65535");
      }
    }
  }

  /**
   * The read-only root disk.
   *
   * @param fileSystem what the guest mounts it as, for example {@code erofs}
   */
  public record Rootfs(BundleFile file, String fileSystem) {
    public Rootfs {
      requireText("rootfs.fileSystem", fileSystem);
    }
  }

  /**
   * What an exec gets where the job says nothing.
   *
   * @param environment entries {@code NAME=value}
   * @param user empty: root
   * @param workingDirectory absolute
   */
  public record Defaults(List<String> environment, String user, String workingDirectory) {
    private static final Pattern ENTRY = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*=[^\\x00]*");

    public Defaults {
      environment = List.copyOf(environment);
      for (String entry : environment) {
        if (!ENTRY.matcher(entry).matches()) {
          throw new IllegalArgumentException("defaults.environment has an entry not NAME=value");
        }
      }
      requireNoControl("defaults.user", user);
      requireText("defaults.workingDirectory", workingDirectory);
      if (!workingDirectory.startsWith("/")) {
        throw new IllegalArgumentException("defaults.workingDirectory is not absolute");
      }
    }
  }

  /**
   * Where the bundle comes from.
   *
   * @param recipeSha256 of the recipe's bytes
   * @param sources {@code package=version}, sorted
   */
  public record Provenance(
      String recipe, Sha256 recipeSha256, String builderVersion, List<String> sources) {
    public Provenance {
      requireText("provenance.recipe", recipe);
      requireText("provenance.builderVersion", builderVersion);
      sources = List.copyOf(sources);
      sources.forEach(source -> requireText("provenance.sources", source));
    }
  }

  /** Every file the manifest names, the largest last. */
  public List<BundleFile> files() {
    return filesOf(kernel, initramfs, rootfs);
  }

  /** The canonical bytes, at most {@value #MAX_BYTES}. */
  public byte[] toBytes() {
    return ManifestCodec.encode(this);
  }

  /** The bundle's digest: of {@link #toBytes()}. */
  public Sha256 digest() {
    return Sha256.of(toBytes());
  }

  /**
   * Reads canonical bytes.
   *
   * @throws BundleFormatException naming the first member that is wrong
   */
  public static BundleManifest parse(byte[] bytes) throws BundleFormatException {
    return ManifestCodec.decode(bytes);
  }

  private static List<BundleFile> filesOf(
      Kernel kernel, Initramfs initramfs, Optional<Rootfs> rootfs) {
    List<BundleFile> files = new ArrayList<>(List.of(kernel.file(), initramfs.file()));
    rootfs.ifPresent(present -> files.add(present.file()));
    return List.copyOf(files);
  }

  static void requireText(String member, String value) {
    if (value.isEmpty()) {
      throw new IllegalArgumentException(member + " is empty");
    }
    requireNoControl(member, value);
  }

  private static void requireNoControl(String member, String value) {
    if (value.chars().anyMatch(c -> Character.isISOControl(c) || Character.isSurrogate((char) c))) {
      throw new IllegalArgumentException(member + " holds a character that may not be there");
    }
  }
}
