package dev.mayfly.image.tree;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;

/** The extended attributes of an archive's files, apart from the archive. */
public final class ArchiveAttributes {
  private ArchiveAttributes() {}

  /**
   * Writes them as {@code setfattr --restore} of Linux' attr package reads them.
   *
   * @param archive a whole one that this program or a trusted one has made
   * @param dump not there yet
   * @return whether there are any
   * @throws TreeRefusedException when it is no tar archive
   */
  public static boolean dump(Path archive, Path dump) throws IOException, TreeRefusedException {
    boolean any = false;
    Refusals refusals = new Refusals("archive " + archive.getFileName());
    Layer layer = Layer.ofArchive(refusals.layer(), archive);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(dump));
        LayerInput in = new LayerInput(layer, refusals, Long.MAX_VALUE)) {
      TarReader reader = new TarReader(in, refusals, TreeLimits.STANDARD, false);
      for (Optional<TarEntry> next = reader.next(); next.isPresent(); next = reader.next()) {
        TarEntry entry = next.get();
        if (!entry.attributes().isEmpty()) {
          any = true;
          out.write(text("# file: ", entry.name()));
          for (var attribute : entry.attributes().entrySet()) {
            out.write('\n');
            out.write(text("", attribute.getKey()));
            out.write(
                ("=0x" + HexFormat.of().formatHex(attribute.getValue()))
                    .getBytes(StandardCharsets.US_ASCII));
          }
          out.write(new byte[] {'\n', '\n'});
        }
      }
    }
    return any;
  }

  /** What would end a line, or is a backslash, stands there in octal. */
  private static byte[] text(String before, String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(before.getBytes(StandardCharsets.US_ASCII));
    for (byte b : text.getBytes(StandardCharsets.ISO_8859_1)) {
      if (b == '\\' || b == '\n' || b == '\r' || b == '=') {
        bytes.writeBytes(
            String.format(Locale.ROOT, "\\%03o", b & 0xff).getBytes(StandardCharsets.US_ASCII));
      } else {
        bytes.write(b);
      }
    }
    return bytes.toByteArray();
  }
}
