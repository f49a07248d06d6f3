package dev.mayfly.image.tree;

import dev.mayfly.image.tree.TarEntry.Kind;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** Checks what an entry says of its file, and drops what a guest must not get. */
final class Inodes {
  private static final long MAX_ID = 0xFFFF_FFFEL;
  private static final int MAX_TARGET = 4_095;

  /**
   * 9999-12-31T23:59:59Z: what is later is a mistake, and file systems cut it in different ways.
   */
  private static final long MAX_SECONDS = 253_402_300_799L;

  /** Of Linux' include/uapi/linux/limits.h. */
  private static final int MAX_ATTRIBUTE_NAME = 255;

  private static final int MAX_ATTRIBUTE_BYTES = 64 << 10;

  /**
   * {@code user.} beside these. Labels of the building machine's security modules mean nothing in a
   * guest, and those of an overlay would change what it shows.
   */
  private static final Set<String> ATTRIBUTES =
      Set.of("security.capability", "system.posix_acl_access", "system.posix_acl_default");

  /**
   * {@code major:minor} of Linux' Documentation/admin-guide/devices.txt: null, zero, full, random,
   * urandom, tty, console, ptmx, fuse, tun, loop-control, and an overlay's mark of a removal.
   */
  private static final Set<String> DEVICES =
      Set.of(
          "1:3", "1:5", "1:7", "1:8", "1:9", "5:0", "5:1", "5:2", "10:229", "10:200", "10:237",
          "0:0");

  private final Refusals refusals;
  private final Budget budget;

  Inodes(Refusals refusals, Budget budget) {
    this.refusals = refusals;
    this.budget = budget;
  }

  Inode of(TarEntry entry, Optional<Content> content) throws TreeRefusedException {
    requireId(entry, "owner", entry.uid());
    requireId(entry, "group", entry.gid());
    if (entry.kind() == Kind.SYMBOLIC_LINK) {
      requireTarget(entry);
    }
    if (entry.kind() == Kind.BLOCK_DEVICE || entry.kind() == Kind.CHARACTER_DEVICE) {
      requireHarmless(entry);
    }
    SortedMap<String, byte[]> attributes = attributes(entry);
    long metadata = entry.name().length() + entry.linkName().length();
    for (var attribute : attributes.entrySet()) {
      metadata += attribute.getKey().length() + attribute.getValue().length;
    }
    budget.takeMetadata(metadata, refusals);
    boolean inRange = entry.seconds() >= 0 && entry.seconds() <= MAX_SECONDS;
    return new Inode(
        entry.kind(),
        // Links have no mode of their own; programs write this or that.
        entry.kind() == Kind.SYMBOLIC_LINK ? 0777 : entry.mode(),
        entry.uid(),
        entry.gid(),
        Math.clamp(entry.seconds(), 0, MAX_SECONDS),
        inRange ? entry.nanos() : 0,
        content,
        entry.kind() == Kind.SYMBOLIC_LINK ? entry.linkName() : "",
        (int) entry.major(),
        (int) entry.minor(),
        attributes);
  }

  private void requireId(TarEntry entry, String what, long id) throws TreeRefusedException {
    if (id < 0 || id > MAX_ID) {
      throw refusals.entry(
          entry.name(), "has the " + what + " " + id + ", which Linux does not have", "change it");
    }
  }

  private void requireTarget(TarEntry entry) throws TreeRefusedException {
    int length = entry.linkName().length();
    if (length == 0 || length > MAX_TARGET) {
      throw refusals.entry(
          entry.name(),
          "is a symbolic link whose target has " + length + " bytes",
          "a target has 1 to " + MAX_TARGET + ": make the link again");
    }
  }

  private void requireHarmless(TarEntry entry) throws TreeRefusedException {
    String device = entry.major() + ":" + entry.minor();
    if (entry.kind() == Kind.BLOCK_DEVICE || !DEVICES.contains(device)) {
      throw refusals.entry(
          entry.name(),
          "is " + entry.kind().words() + ", " + device,
          "build the image without it: a guest makes its own devices");
    }
  }

  private SortedMap<String, byte[]> attributes(TarEntry entry) throws TreeRefusedException {
    SortedMap<String, byte[]> kept = new TreeMap<>();
    for (var attribute : entry.attributes().entrySet()) {
      String name = attribute.getKey();
      if (name.length() > MAX_ATTRIBUTE_NAME || attribute.getValue().length > MAX_ATTRIBUTE_BYTES) {
        throw refusals.entry(
            entry.name(),
            "has an extended attribute that is larger than Linux takes",
            "remove the attribute");
      }
      if (ATTRIBUTES.contains(name) || (name.startsWith("user.") && name.length() > 5)) {
        kept.put(name, attribute.getValue());
      }
    }
    return kept;
  }
}
