package dev.mayfly.image.tree;

import dev.mayfly.image.tree.TarEntry.Kind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Reads the entries of an archive of unknown origin one after the other. It works on bytes, where
 * libraries decode names and attributes as text and so change those that are none; and it never
 * holds more than the limit of one header, whatever the archive says.
 */
final class TarReader {
  private static final String BROKEN = "the archive is damaged, or no tar archive: make it again";

  /** A map of holes has few entries, unless somebody wants to fill our memory. */
  private static final int MAX_EXTENTS = 100_000;

  private final LayerInput in;
  private final Refusals refusals;
  private final TreeLimits limits;
  private final boolean endIsProven;
  private long contentLeft;
  private long padding;
  private boolean first = true;

  /**
   * @param endIsProven whether a digest tells that the archive is whole; else it must end as tar
   *     archives do
   */
  TarReader(LayerInput in, Refusals refusals, TreeLimits limits, boolean endIsProven) {
    this.in = in;
    this.refusals = refusals;
    this.limits = limits;
    this.endIsProven = endIsProven;
  }

  /**
   * The next entry, or empty at the end. What was not read of the last one's content is skipped.
   */
  Optional<TarEntry> next() throws TreeRefusedException {
    in.skip(contentLeft);
    // Some programs write the last file without its padding, and container engines take that.
    boolean ended = padding > 0 && in.read(new byte[TarHeader.BLOCK], 0, (int) padding) < padding;
    if (ended && !endIsProven) {
      throw in.cutOff();
    }
    contentLeft = 0;
    padding = 0;
    Optional<String> longName = Optional.empty();
    Optional<String> longLink = Optional.empty();
    PaxRecords pax = new PaxRecords();
    while (true) {
      Optional<TarHeader> read = header();
      if (read.isEmpty()) {
        return Optional.empty();
      }
      TarHeader header = read.get();
      try {
        switch (header.flag()) {
          case 'L' -> longName = Optional.of(longText(header));
          case 'K' -> longLink = Optional.of(longText(header));
          case 'x', 'X' -> pax = PaxRecords.parse(extension(header));
          case 'g' -> requireOnlyComment(PaxRecords.parse(extension(header)));
          case 'V' -> extension(header);
          default -> {
            return Optional.of(entry(header, pax, longName, longLink));
          }
        }
      } catch (IllegalArgumentException e) {
        throw refusals.entry(longName.orElse(header.name()), e.getMessage() + "", BROKEN);
      }
    }
  }

  /** Takes content of the current entry; fewer bytes than asked for only at its end. */
  int read(byte[] into, int length) throws TreeRefusedException {
    int count = (int) Math.min(length, contentLeft);
    if (in.read(into, 0, count) < count) {
      throw in.cutOff();
    }
    contentLeft -= count;
    return count;
  }

  /** Bytes of the current entry's content that are still to come. */
  long contentLeft() {
    return contentLeft;
  }

  private Optional<TarHeader> header() throws TreeRefusedException {
    byte[] block = new byte[TarHeader.BLOCK];
    int count = in.read(block, 0, block.length);
    if (count == 0 && endIsProven) {
      return Optional.empty();
    }
    if (count < block.length) {
      throw first
          ? refusals.layer("is no tar archive", "give a tar archive, plain or compressed")
          : in.cutOff();
    }
    TarHeader header = new TarHeader(block);
    if (header.isZero()) {
      count = in.read(block, 0, block.length);
      if (count != 0 && !new TarHeader(block).isZero()) {
        throw refusals.layer("has an empty header in its middle", BROKEN);
      }
      return Optional.empty();
    }
    if (!header.checksumIsRight()) {
      throw refusals.layer(
          first
              ? "is no tar archive"
              : "has a header with a wrong checksum at byte " + (in.position() - TarHeader.BLOCK),
          BROKEN);
    }
    first = false;
    return Optional.of(header);
  }

  private byte[] extension(TarHeader header) throws TreeRefusedException {
    long size = header.size();
    if (size < 0 || size > limits.headerBytes()) {
      throw refusals.layer(
          "has an extended header of " + size + " bytes, more than " + limits.headerBytes(),
          "no file needs so many attributes: make the archive again");
    }
    byte[] bytes = new byte[(int) size];
    in.readFully(bytes);
    in.skip(paddingOf(size));
    return bytes;
  }

  private String longText(TarHeader header) throws TreeRefusedException {
    String text = new String(extension(header), StandardCharsets.ISO_8859_1);
    int end = text.indexOf('\0');
    return end < 0 ? text : text.substring(0, end);
  }

  /** What else stands there would change every entry after it; programs for images never use it. */
  private static void requireOnlyComment(PaxRecords records) {
    if (records.isSparse()
        || !records.attributes().isEmpty()
        || records.text("path").isPresent()
        || records.text("linkpath").isPresent()
        || records.text("mtime").isPresent()
        || records.number(PaxRecords.Key.SIZE).isPresent()
        || records.number(PaxRecords.Key.UID).isPresent()
        || records.number(PaxRecords.Key.GID).isPresent()) {
      throw new IllegalArgumentException("follows a global header that changes all entries");
    }
  }

  private TarEntry entry(
      TarHeader header, PaxRecords pax, Optional<String> longName, Optional<String> longLink)
      throws TreeRefusedException {
    String name =
        pax.text("GNU.sparse.name")
            .or(() -> pax.text("path"))
            .or(() -> longName)
            .orElseGet(header::name);
    String linkName = pax.text("linkpath").or(() -> longLink).orElseGet(header::linkName);
    Kind kind = kind(header, name);
    long stored = pax.number(PaxRecords.Key.SIZE).orElseGet(header::size);
    if (stored < 0) {
      throw new IllegalArgumentException("has a negative size");
    }
    // As other readers have it: only a file is followed by content, whatever its header says.
    contentLeft = kind == Kind.FILE ? stored : 0;
    padding = paddingOf(contentLeft);
    Optional<SparseMap> sparse = kind == Kind.FILE ? sparse(header, pax) : Optional.empty();
    if (sparse.isPresent() && sparse.get().stored() != contentLeft) {
      throw new IllegalArgumentException("has a map of holes that contradicts its size");
    }
    SortedMap<String, byte[]> attributes = new TreeMap<>(pax.attributes());
    boolean device = kind == Kind.CHARACTER_DEVICE || kind == Kind.BLOCK_DEVICE;
    return new TarEntry(
        name,
        kind,
        header.mode(),
        pax.number(PaxRecords.Key.UID).orElseGet(header::uid),
        pax.number(PaxRecords.Key.GID).orElseGet(header::gid),
        contentLeft,
        pax.seconds().orElseGet(header::seconds),
        pax.nanos(),
        kind == Kind.HARD_LINK || kind == Kind.SYMBOLIC_LINK ? linkName : "",
        device ? header.major() : 0,
        device ? header.minor() : 0,
        attributes,
        sparse);
  }

  private static Kind kind(TarHeader header, String name) {
    return switch (header.flag()) {
      // Unix V7 had no flag for directories.
      case '0', '\0', '7' -> name.endsWith("/") ? Kind.DIRECTORY : Kind.FILE;
      case 'S' -> Kind.FILE;
      case '1' -> Kind.HARD_LINK;
      case '2' -> Kind.SYMBOLIC_LINK;
      case '3' -> Kind.CHARACTER_DEVICE;
      case '4' -> Kind.BLOCK_DEVICE;
      case '5' -> Kind.DIRECTORY;
      case '6' -> Kind.FIFO;
      default ->
          throw new IllegalArgumentException(
              "is of the unknown type \"" + Refusals.shown("" + header.flag()) + "\"");
    };
  }

  private Optional<SparseMap> sparse(TarHeader header, PaxRecords pax) throws TreeRefusedException {
    if (header.flag() == 'S') {
      List<Long> numbers = new ArrayList<>(header.gnuSparse());
      boolean goesOn = header.gnuSparseGoesOn();
      while (goesOn) {
        byte[] block = new byte[TarHeader.BLOCK];
        in.readFully(block);
        TarHeader extension = new TarHeader(block);
        numbers.addAll(extension.extensionSparse());
        requireFew(numbers.size());
        goesOn = extension.extensionGoesOn();
      }
      return Optional.of(SparseMap.of(header.gnuRealSize(), numbers));
    }
    if (!pax.isSparse()) {
      return Optional.empty();
    }
    List<Long> numbers = pax.sparseMapIsInContent() ? mapInContent() : pax.sparseMap();
    return Optional.of(SparseMap.of(pax.sparseSize(), numbers));
  }

  /** A count and that many pairs, each on a line of decimal digits, padded to whole blocks. */
  private List<Long> mapInContent() throws TreeRefusedException {
    List<Long> numbers = new ArrayList<>();
    StringBuilder digits = new StringBuilder();
    byte[] block = new byte[TarHeader.BLOCK];
    long count = -1;
    while (count < 0 || numbers.size() < count) {
      if (contentLeft < block.length) {
        throw new IllegalArgumentException("has a map of holes that is cut off");
      }
      read(block, block.length);
      for (int i = 0; i < block.length && (count < 0 || numbers.size() < count); i++) {
        if (block[i] != '\n') {
          digits.append((char) (block[i] & 0xff));
          requireFew(digits.length());
        } else if (count < 0) {
          count = 2 * PaxRecords.number(digits.toString());
          requireFew(count);
          digits.setLength(0);
        } else {
          numbers.add(PaxRecords.number(digits.toString()));
          digits.setLength(0);
        }
      }
    }
    return numbers;
  }

  private static void requireFew(long numbers) {
    if (numbers > MAX_EXTENTS) {
      throw new IllegalArgumentException("has a map of more than " + MAX_EXTENTS / 2 + " holes");
    }
  }

  private static long paddingOf(long size) {
    return -size & (TarHeader.BLOCK - 1);
  }
}
