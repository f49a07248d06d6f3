package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/**
 * A kernel that comes with a system, as far as it tells of itself.
 *
 * @param elf with a PVH entry
 * @param release as {@code uname -r} will say it, or {@value #UNKNOWN}
 * @param needsAcpi it finds virtio devices through ACPI only
 */
record SystemKernel(byte[] elf, String release, boolean needsAcpi) {
  /** In the manifest: nobody's but the system's own. */
  static final String FLAVOUR = "own";

  private static final String UNKNOWN = "unknown";
  private static final int MAX_BYTES = 512 << 20;

  /** Of Linux' init/version-timestamp.c. */
  private static final byte[] BANNER = ascii("Linux version ");

  private static final Pattern RELEASE = Pattern.compile("[0-9][A-Za-z0-9.+_~-]{0,63}");

  /** Around the configuration that CONFIG_IKCONFIG keeps in the kernel. */
  private static final byte[] CONFIGURATION = ascii("IKCFG_ST");

  private static final int MAX_CONFIGURATION_BYTES = 1 << 20;

  /** Takes a bzImage or an ELF kernel. */
  static SystemKernel read(Path file) throws BuildException, IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new BuildException(
          Blame.USER, "kernel " + file.getFileName() + " has more than " + MAX_BYTES + " bytes");
    }
    byte[] elf;
    try {
      elf = elf(Files.readAllBytes(file));
    } catch (BuildException e) {
      throw new BuildException(
          Blame.USER,
          "kernel "
              + file.getFileName()
              + ": "
              + e.getMessage()
              + "; give a bzImage or an ELF kernel with a PVH entry",
          e);
    }
    Optional<String> configuration = configuration(elf);
    if (configuration.isPresent() && !has(configuration.get(), "CONFIG_VIRTIO_MMIO", "=[ym]")) {
      throw new BuildException(
          Blame.USER,
          "kernel "
              + file.getFileName()
              + " has no CONFIG_VIRTIO_MMIO, so that it would find no device; take another kernel");
    }
    Optional<String> release = release(elf);
    // One that is not Linux, or one that says so, reads devices from the command line.
    boolean fromCommandLine =
        configuration
            .map(text -> has(text, "CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES", "=y"))
            .orElse(release.isEmpty());
    return new SystemKernel(elf, release.orElse(UNKNOWN), !fromCommandLine);
  }

  private static byte[] elf(byte[] bytes) throws BuildException {
    Optional<ElfFile> elf = ElfFile.of(bytes);
    if (elf.isEmpty()) {
      return BzImage.kernel(bytes);
    }
    try {
      if (!elf.get().hasPvhEntry()) {
        throw new BuildException("the ELF file has no PVH entry");
      }
    } catch (IllegalArgumentException e) {
      throw new BuildException("the ELF file is broken", e);
    }
    return bytes;
  }

  private static Optional<String> release(byte[] elf) {
    for (int at = find(elf, BANNER, 0); at >= 0; at = find(elf, BANNER, at + 1)) {
      int start = at + BANNER.length;
      int length = Math.min(65, elf.length - start);
      Matcher matcher =
          RELEASE.matcher(new String(elf, start, length, StandardCharsets.ISO_8859_1));
      if (matcher.lookingAt()) {
        return Optional.of(matcher.group());
      }
    }
    return Optional.empty();
  }

  private static Optional<String> configuration(byte[] elf) {
    int at = find(elf, CONFIGURATION, 0);
    if (at < 0) {
      return Optional.empty();
    }
    int start = at + CONFIGURATION.length;
    try (InputStream in =
        new GZIPInputStream(new ByteArrayInputStream(elf, start, elf.length - start))) {
      return Optional.of(
          new String(in.readNBytes(MAX_CONFIGURATION_BYTES), StandardCharsets.UTF_8));
    } catch (IOException notTheConfiguration) {
      return Optional.empty();
    }
  }

  private static boolean has(String configuration, String option, String value) {
    return Pattern.compile("(?m)^" + option + value + "$").matcher(configuration).find();
  }

  private static int find(byte[] in, byte[] wanted, int from) {
    outer:
    for (int i = from; i <= in.length - wanted.length; i++) {
      for (int j = 0; j < wanted.length; j++) {
        if (in[i + j] != wanted[j]) {
          continue outer;
        }
      }
      return i;
    }
    return -1;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
