package dev.mayfly.image.tree;

import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Says all that an archive of GNU tar has on each of its files. */
public final class ArchiveListing {
  private ArchiveListing() {}

  /** By name; of a hard link its first name is said. */
  public static SortedMap<String, String> of(Path archive) throws Exception {
    Layer layer = Layer.ofArchive("listing", archive);
    Refusals refusals = new Refusals("listing");
    SortedMap<String, TarEntry> entries = new TreeMap<>();
    SortedMap<String, String> lines = new TreeMap<>();
    SortedMap<String, String> firstNames = new TreeMap<>();
    try (LayerInput in = new LayerInput(layer, refusals, Long.MAX_VALUE)) {
      TarReader reader = new TarReader(in, refusals, TreeLimits.STANDARD, false);
      for (Optional<TarEntry> next = reader.next(); next.isPresent(); next = reader.next()) {
        TarEntry entry = next.get();
        byte[] content = new byte[Math.toIntExact(reader.contentLeft())];
        reader.read(content, content.length);
        entries.put(entry.name(), entry);
        lines.put(entry.name(), line(entry, content));
      }
    }
    // Which of a file's names comes first is the directory's order: take the least.
    entries.forEach((name, entry) -> {
      String group = entry.kind() == TarEntry.Kind.HARD_LINK ? entry.linkName() : name;
      firstNames.putIfAbsent(group, name);
    });
    SortedMap<String, String> result = new TreeMap<>();
    entries.forEach((name, entry) -> {
      boolean link = entry.kind() == TarEntry.Kind.HARD_LINK;
      String group = link ? entry.linkName() : name;
      result.put(name, lines.get(group) + ", one file with " + firstNames.get(group));
    });
    return result;
  }

  private static String line(TarEntry entry, byte[] content) {
    StringBuilder line = new StringBuilder();
    line.append(entry.kind().words());
    line.append(", mode ").append(Integer.toOctalString(entry.mode()));
    line.append(", owner ").append(entry.uid()).append(':').append(entry.gid());
    line.append(", time ").append(entry.seconds()).append('.').append(entry.nanos());
    line.append(", device ").append(entry.major()).append(':').append(entry.minor());
    line.append(", target ").append(entry.linkName());
    line.append(", content ").append(content.length).append(' ');
    line.append(dev.mayfly.image.bundle.Sha256.of(content));
    entry
        .attributes()
        .forEach((name, value) ->
            line.append(", ").append(name).append('=').append(HexFormat.of().formatHex(value)));
    return line.toString();
  }
}
