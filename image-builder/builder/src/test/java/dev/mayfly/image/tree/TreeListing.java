package dev.mayfly.image.tree;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** Applies layers and says what came out, as another library reads it: one line an entry. */
final class TreeListing {
  private TreeListing() {}

  static List<String> of(Path directory, Layer... layers) throws IOException, TreeRefusedException {
    Path archive = Files.createTempFile(directory, "tree", ".tar");
    Files.delete(archive);
    Path spool = Files.createTempDirectory(directory, "spool");
    try (LayeredTree tree = LayeredTree.of(List.of(layers), spool)) {
      tree.writeTo(archive);
    }
    return lines(archive);
  }

  static List<String> lines(Path archive) throws IOException {
    List<String> lines = new ArrayList<>();
    try (InputStream in = Files.newInputStream(archive);
        TarArchiveInputStream tar = new TarArchiveInputStream(in, "ISO-8859-1")) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        lines.add(line(entry, tar));
      }
    }
    return lines;
  }

  private static String line(TarArchiveEntry entry, InputStream content) throws IOException {
    String what;
    if (entry.isDirectory()) {
      what = "directory";
    } else if (entry.isSymbolicLink()) {
      return entry.getName() + " -> " + entry.getLinkName();
    } else if (entry.isLink()) {
      return entry.getName() + " = " + entry.getLinkName();
    } else if (entry.isCharacterDevice()) {
      what = "device " + entry.getDevMajor() + ":" + entry.getDevMinor();
    } else if (entry.isFIFO()) {
      what = "pipe";
    } else {
      what = "\"" + new String(content.readAllBytes(), StandardCharsets.ISO_8859_1) + "\"";
    }
    String mode = String.format(Locale.ROOT, "%04o", entry.getMode() & 07777);
    return entry.getName()
        + " "
        + mode
        + " "
        + entry.getLongUserId()
        + ":"
        + entry.getLongGroupId()
        + " "
        + what;
  }
}
