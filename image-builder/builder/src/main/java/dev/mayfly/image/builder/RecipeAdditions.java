package dev.mayfly.image.builder;

import dev.mayfly.image.builder.Commands.Command;
import dev.mayfly.image.tree.FileView;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Appends what a recipe adds to the archive of its packages; a later entry of an archive replaces
 * an earlier one of its name.
 */
final class RecipeAdditions {
  /** Anybody may write there, and remove what is his own. */
  private static final List<String> SHARED = List.of("/tmp", "/var/tmp");

  /** Debian's has 170 KB. */
  private static final int MAX_TRUST_STORE_BYTES = 16 << 20;

  private final Recipe recipe;

  RecipeAdditions(Recipe recipe) {
    this.recipe = recipe;
  }

  void append(Path archive, BuildRoom room)
      throws BuildException, InterruptedException, IOException {
    Path additions = room.work().resolve("additions.tar");
    FileView stores = ArchiveFiles.read(archive, JavaTrustStore.PATH::equals);
    Optional<byte[]> store = stores.read(JavaTrustStore.PATH, MAX_TRUST_STORE_BYTES);
    write(
        additions,
        store.isPresent()
            ? Optional.of(JavaTrustStore.normalized(store.get(), recipe.epochSeconds()))
            : Optional.empty());
    room.commands()
        .mustRun(
            new Command(
                List.of(
                    Tool.TAR.program(),
                    "--concatenate",
                    "--file",
                    archive.toString(),
                    additions.toString()),
                Map.of(),
                ""),
            in -> in.skip(Long.MAX_VALUE),
            line -> {});
  }

  /**
   * Writes them as an archive of their own.
   *
   * @param trustStore Java's, where the packages have made one
   */
  void write(Path file, Optional<byte[]> trustStore) throws IOException {
    Recipe.Additions additions = recipe.additions();
    try (TarArchiveOutputStream tar =
        new TarArchiveOutputStream(Files.newOutputStream(file), StandardCharsets.UTF_8.name())) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      for (String directory : additions.directories()) {
        TarArchiveEntry entry = entry(directory, TarConstants.LF_DIR);
        entry.setMode(SHARED.contains(directory) ? 01777 : 0755);
        tar.putArchiveEntry(entry);
        tar.closeArchiveEntry();
      }
      for (Map.Entry<String, String> link : additions.links().entrySet()) {
        TarArchiveEntry entry = entry(link.getKey(), TarConstants.LF_SYMLINK);
        entry.setLinkName(link.getValue());
        entry.setMode(0777);
        tar.putArchiveEntry(entry);
        tar.closeArchiveEntry();
      }
      for (Map.Entry<String, List<String>> text : additions.texts().entrySet()) {
        byte[] bytes = (String.join("\n", text.getValue()) + "\n").getBytes(StandardCharsets.UTF_8);
        file(tar, text.getKey(), text.getValue().getFirst().startsWith("#!") ? 0755 : 0644, bytes);
      }
      if (trustStore.isPresent()) {
        file(tar, "/" + JavaTrustStore.PATH, 0644, trustStore.get());
      }
    }
  }

  private void file(TarArchiveOutputStream tar, String path, int mode, byte[] bytes)
      throws IOException {
    TarArchiveEntry entry = entry(path, TarConstants.LF_NORMAL);
    entry.setMode(mode);
    entry.setSize(bytes.length);
    tar.putArchiveEntry(entry);
    tar.write(bytes);
    tar.closeArchiveEntry();
  }

  private TarArchiveEntry entry(String path, byte kind) {
    String name = "." + path + (kind == TarConstants.LF_DIR ? "/" : "");
    TarArchiveEntry entry = new TarArchiveEntry(name, kind);
    entry.setIds(0, 0);
    entry.setNames("", "");
    entry.setModTime(recipe.epochSeconds() * 1000);
    return entry;
  }
}
