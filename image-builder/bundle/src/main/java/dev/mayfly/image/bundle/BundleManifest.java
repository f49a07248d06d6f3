package dev.mayfly.image.bundle;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a boot bundle holds: schema 2 of {@code ops/docs/boot-bundle.md}. Its canonical bytes'
 * sha256 is the bundle's digest.
 *
 * @param name the image name it was built for, for example {@code debian:12}
 * @param architecture as {@code uname -m} says it
 * @param guest whether our agent is in it
 * @param initramfs absent only in a guest without our agent
 * @param rootfs absent where the system lives in its initramfs or kernel
 * @param sbom the packages in it; absent where its distribution does not tell them
 */
public record BundleManifest(
    String name,
    String architecture,
    Guest guest,
    Kernel kernel,
    Optional<Initramfs> initramfs,
    Optional<Rootfs> rootfs,
    Optional<Sbom> sbom,
    Defaults defaults,
    Provenance provenance) {

  /** The only schema this code reads and writes. */
  public static final int SCHEMA = 2;

  /** The manifest's own file name. */
  public static final String FILE = "manifest.json";

  /** One with the environment of a large image has some kilobytes; this is several times that. */
  public static final int MAX_BYTES = 64 * 1024;

  public BundleManifest {
    Names.requireImageName("name", name);
    requireText("architecture", architecture);
    Set<String> files = new HashSet<>();
    files.add(FILE);
    for (BundleFile file : filesOf(kernel, initramfs, rootfs, sbom)) {
      if (!files.add(file.name())) {
        throw new IllegalArgumentException("two members name the file " + file.name());
      }
    }
    switch (guest) {
      case AGENT -> {
        if (initramfs.flatMap(Initramfs::agent).isEmpty()) {
          throw new IllegalArgumentException("initramfs.agent is required in an AGENT guest");
        }
      }
      case CONSOLE -> {
        if (initramfs.flatMap(Initramfs::agent).isPresent()) {
          throw new IllegalArgumentException("initramfs.agent is not for a CONSOLE guest");
        }
      }
    }
  }

  /** How a job runs in it. */
  public enum Guest {
    /** Our agent is PID 1 and runs commands. */
    AGENT,
    /** There is no agent: the console is the log, and its power-off is the job's end. */
    CONSOLE
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
   * @param arguments what its command line ends with, after our own; empty: nothing
   */
  public record Kernel(
      BundleFile file, String release, String flavour, boolean needsAcpi, String arguments) {
    /** The kernel itself takes 2,048 bytes on x86, ours included. */
    private static final int MAX_ARGUMENTS = 1024;

    public Kernel {
      requireText("kernel.release", release);
      requireText("kernel.flavour", flavour);
      requireNoControl("kernel.arguments", arguments);
      if (arguments.length() > MAX_ARGUMENTS) {
        throw new IllegalArgumentException(
            "kernel.arguments has more than " + MAX_ARGUMENTS + " characters");
      }
    }
  }

  /**
   * What the kernel starts from.
   *
   * @param agent our program in it; absent in a guest without it
   */
  public record Initramfs(BundleFile file, Optional<Agent> agent) {}

  /**
   * Our program in the guest.
   *
   * @param protocolVersion of {@code ops/docs/guest-protocol.md}
   */
  public record Agent(String version, int protocolVersion) {
    public Agent {
      requireText("initramfs.agent.version", version);
      if (protocolVersion < 1 || protocolVersion > 0xFFFF) {
        throw new IllegalArgumentException(
            "initramfs.agent.protocolVersion is not between 1 and 65535");
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
   * The packages in the image.
   *
   * @param format for example {@code cyclonedx-1.6}
   */
  public record Sbom(BundleFile file, String format) {
    public Sbom {
      requireText("sbom.format", format);
    }
  }

  /**
   * What an exec gets where the job says nothing.
   *
   * @param environment entries {@code NAME=value}
   * @param user empty: root
   * @param workingDirectory absolute
   * @param entrypoint what a job without a command runs, followed by {@code command}; may be empty
   * @param command the arguments, or the whole command line where there is no entrypoint
   */
  public record Defaults(
      List<String> environment,
      String user,
      String workingDirectory,
      List<String> entrypoint,
      List<String> command) {
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
      entrypoint = List.copyOf(entrypoint);
      command = List.copyOf(command);
      requireArguments("defaults.entrypoint", entrypoint);
      requireArguments("defaults.command", command);
    }

    /** Nothing but a directory to work in. */
    public static Defaults none() {
      return new Defaults(List.of(), "", "/", List.of(), List.of());
    }

    private static void requireArguments(String member, List<String> arguments) {
      if (arguments.stream().anyMatch(argument -> argument.indexOf('\0') >= 0)) {
        throw new IllegalArgumentException(member + " has an argument with a NUL character");
      }
    }
  }

  /**
   * Where the bundle comes from. It holds no time of the build: the same input makes the same
   * bundle.
   *
   * @param inputs what went in beside the source, sorted: {@code package=version} of the kernel,
   *     and the agent's own bytes
   * @param sourceSeconds when the source was made, as it says itself, in seconds since 1970; 0: it
   *     does not say
   */
  public record Provenance(
      Source source, String builderVersion, List<String> inputs, long sourceSeconds) {
    public Provenance {
      requireText("provenance.builderVersion", builderVersion);
      inputs = List.copyOf(inputs);
      inputs.forEach(input -> requireText("provenance.inputs", input));
      if (sourceSeconds < 0) {
        throw new IllegalArgumentException("provenance.sourceSeconds is negative");
      }
    }
  }

  /**
   * What the bundle was made of.
   *
   * @param kind {@code recipe}, {@code registry} and so on, as in a source's own text
   * @param reference its name without any path of the building machine; may be empty
   * @param digest of the recipe's bytes, of the image's manifest, or of the archive
   */
  public record Source(String kind, String reference, Sha256 digest) {
    public Source {
      requireText("provenance.source.kind", kind);
      requireNoControl("provenance.source.reference", reference);
    }
  }

  /**
   * Passes for what an image can be called.
   *
   * @throws IllegalArgumentException otherwise
   */
  public static void requireName(String name) {
    Names.requireImageName("the name", name);
  }

  /** Every file the manifest names. */
  public List<BundleFile> files() {
    return filesOf(kernel, initramfs, rootfs, sbom);
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
      Kernel kernel, Optional<Initramfs> initramfs, Optional<Rootfs> rootfs, Optional<Sbom> sbom) {
    List<BundleFile> files = new ArrayList<>(List.of(kernel.file()));
    initramfs.ifPresent(present -> files.add(present.file()));
    rootfs.ifPresent(present -> files.add(present.file()));
    sbom.ifPresent(present -> files.add(present.file()));
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
