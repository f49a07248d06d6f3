package dev.mayfly.image.builder;

import com.github.luben.zstd.ZstdInputStream;
import dev.mayfly.image.builder.BuildException.Blame;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/**
 * Takes the kernel modules out of an initramfs of unknown origin: cpio archives in the {@code newc}
 * form, one after the other, plain or compressed, as Linux'
 * Documentation/driver-api/early-userspace/buffer-format.rst has them.
 */
final class InitramfsModules {
  private static final Pattern MODULE =
      Pattern.compile(
          "(?:\\./|/)*(?:usr/(?:local/)?)?lib/modules/([A-Za-z0-9][A-Za-z0-9.+_~-]{0,63})/"
              + "((?:[A-Za-z0-9_][A-Za-z0-9._+-]*/)*"
              + "(?:[A-Za-z0-9_][A-Za-z0-9._+-]*\\.ko|modules\\.builtin))(\\.gz|\\.xz|\\.zst)?");

  private static final int HEADER = 110;
  private static final int REGULAR = 0100000;
  private static final int TYPE = 0170000;
  private static final String TRAILER = "TRAILER!!!";
  private static final int MAX_NAME = 4_096;
  private static final int XZ_MEMORY_KIB = 128 << 10;

  /** The largest module of Debian's kernel has 12 MB. */
  private static final int MAX_MODULE_BYTES = 64 << 20;

  private static final long MAX_BYTES = 4L << 30;
  private static final int MAX_ENTRIES = 500_000;
  private static final int MAX_MODULES = 10_000;

  private final String name;
  private final Path into;
  private Optional<String> release = Optional.empty();
  private long bytesLeft = MAX_BYTES;
  private int entriesLeft = MAX_ENTRIES;
  private int modulesLeft = MAX_MODULES;

  private InitramfsModules(String name, Path into) {
    this.name = name;
    this.into = into;
  }

  /**
   * @param into gets {@code lib/modules/<release>/…}, each module decompressed
   * @return the release the modules are of, empty where there are none
   */
  static Optional<String> extract(Path initramfs, Path into) throws BuildException, IOException {
    InitramfsModules modules = new InitramfsModules(initramfs.getFileName() + "", into);
    try (InputStream in = new BufferedInputStream(Files.newInputStream(initramfs), 1 << 16)) {
      modules.archives(in, true);
    } catch (IOException e) {
      throw modules.refused("is damaged or no initramfs: " + e.getMessage(), e);
    }
    if (modules.release.isPresent()) {
      Path builtIn = into.resolve("lib/modules/" + modules.release.get() + "/modules.builtin");
      if (!Files.exists(builtIn)) {
        Files.createFile(builtIn);
      }
    }
    return modules.release;
  }

  /** Until the end, over the zeros between them. */
  private void archives(InputStream in, boolean compressionAllowed)
      throws BuildException, IOException {
    while (true) {
      in.mark(8);
      byte[] start = in.readNBytes(6);
      in.reset();
      String magic = HexFormat.of().formatHex(start);
      if (start.length == 0) {
        return;
      }
      if (start[0] == 0) {
        in.skipNBytes(1);
      } else if (magic.startsWith("30373037")) {
        archive(in);
      } else if (compressionAllowed && magic.startsWith("1f8b")) {
        // Reads on through whatever gzip members follow, and ends with them.
        archives(new BufferedInputStream(new GZIPInputStream(in)), false);
      } else if (compressionAllowed && magic.equals("fd377a585a00")) {
        archives(new BufferedInputStream(new XZInputStream(in, XZ_MEMORY_KIB)), false);
      } else if (compressionAllowed && magic.startsWith("28b52ffd")) {
        archives(new BufferedInputStream(new ZstdInputStream(in)), false);
      } else {
        throw refused("is no cpio archive, plain or compressed by gzip, xz or zstd", null);
      }
    }
  }

  private void archive(InputStream in) throws BuildException, IOException {
    long position = 0;
    while (true) {
      byte[] header = in.readNBytes(HEADER);
      String text = new String(header, StandardCharsets.US_ASCII);
      if (header.length < HEADER || !text.startsWith("07070")) {
        throw refused("is cut off, or damaged", null);
      }
      int mode = (int) field(text, 1);
      long size = field(text, 6);
      int nameSize = (int) Math.min(field(text, 11), MAX_NAME + 1L);
      bytesLeft -= size + HEADER + nameSize;
      if (nameSize < 1 || nameSize > MAX_NAME || bytesLeft < 0 || --entriesLeft < 0) {
        throw refused("has an entry, or as a whole, more than an initramfs can have", null);
      }
      byte[] entryName = in.readNBytes(nameSize);
      position += HEADER + nameSize;
      in.skipNBytes(-position & 3);
      position += -position & 3;
      String path = new String(entryName, 0, nameSize - 1, StandardCharsets.ISO_8859_1);
      if (path.equals(TRAILER)) {
        return;
      }
      entry(in, path, mode, size);
      position += size;
      in.skipNBytes(-position & 3);
      position += -position & 3;
    }
  }

  private void entry(InputStream in, String path, int mode, long size)
      throws BuildException, IOException {
    Matcher module = MODULE.matcher(path);
    if ((mode & TYPE) != REGULAR
        || !module.matches()
        || !release.orElse(module.group(1)).equals(module.group(1))) {
      in.skipNBytes(size);
      return;
    }
    if (size > MAX_MODULE_BYTES || --modulesLeft < 0) {
      throw refused("has a larger module, or more of them, than a kernel takes", null);
    }
    release = Optional.of(module.group(1));
    byte[] content = in.readNBytes((int) size);
    Path file = into.resolve("lib/modules/" + module.group(1) + "/" + module.group(2));
    Files.createDirectories(file.getParent());
    Files.write(file, decompressed(content, module.group(3) == null ? "" : module.group(3)));
  }

  private byte[] decompressed(byte[] content, String ending) throws BuildException, IOException {
    InputStream raw = new ByteArrayInputStream(content);
    try (InputStream in =
        switch (ending) {
          case ".gz" -> new GZIPInputStream(raw);
          case ".xz" -> new XZInputStream(raw, XZ_MEMORY_KIB);
          case ".zst" -> new ZstdInputStream(raw);
          default -> raw;
        }) {
      byte[] bytes = in.readNBytes(MAX_MODULE_BYTES + 1);
      if (bytes.length > MAX_MODULE_BYTES) {
        throw refused("has a module that unpacks to more than " + MAX_MODULE_BYTES, null);
      }
      return bytes;
    }
  }

  private static long field(String header, int index) throws IOException {
    try {
      return Long.parseLong(header.substring(6 + 8 * index, 14 + 8 * index), 16);
    } catch (NumberFormatException e) {
      throw new IOException("a header with a number that is none", e);
    }
  }

  private BuildException refused(String wrong, @Nullable Throwable cause) {
    return new BuildException(
        Blame.USER,
        "initramfs " + name + " " + wrong + "; give the one the kernel boots with",
        cause);
  }
}
