package dev.mayfly.image.tree;

import dev.mayfly.image.tree.NodeFinder.NoWayException;
import dev.mayfly.image.tree.TarEntry.Kind;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Applies one layer to the tree of those below it, as container engines do: an entry replaces what
 * is there, a directory joins the directory there, a whiteout removes what lower layers brought.
 */
final class LayerApplication {
  private static final String WHITEOUT = ".wh.";
  private static final String OPAQUE = ".wh..wh..opq";

  /** The bookkeeping of an old storage driver; engines skip it. */
  private static final String WHITEOUT_OF_ENGINE = ".wh..wh.";

  private static final String MAKE_AGAIN = "build the image anew without it";

  private final Node root;
  private final NodeFinder finder;
  private final Budget budget;
  private final Spool spool;
  private final Layer layer;
  private final int number;
  private final Refusals refusals;
  private final Inodes inodes;

  /**
   * @param number of the layer, from 0, counted upwards
   */
  LayerApplication(
      Node root, NodeFinder finder, Budget budget, Spool spool, Layer layer, int number) {
    this.root = root;
    this.finder = finder;
    this.budget = budget;
    this.spool = spool;
    this.layer = layer;
    this.number = number;
    this.refusals = new Refusals(layer.name());
    this.inodes = new Inodes(refusals, budget);
  }

  void run() throws IOException, TreeRefusedException {
    try (LayerInput in = new LayerInput(layer, refusals, budget.bytesLeft())) {
      ContentKeeper keeper = new ContentKeeper(layer, in, spool);
      TarReader reader = new TarReader(in, refusals, budget.limits(), layer.diffId().isPresent());
      for (Optional<TarEntry> next = reader.next(); next.isPresent(); next = reader.next()) {
        apply(next.get(), reader, keeper);
      }
      in.finish();
      budget.takeBytes(in.position(), refusals);
    }
  }

  private void apply(TarEntry entry, TarReader reader, ContentKeeper keeper)
      throws IOException, TreeRefusedException {
    budget.takeEntry(refusals);
    List<String> parts = parts(entry);
    if (parts.isEmpty()) {
      if (entry.kind() != Kind.DIRECTORY) {
        throw refusals.entry(
            entry.name(), "would make the root of the system " + entry.kind().words(), MAKE_AGAIN);
      }
      root.become(inodes.of(entry, Optional.empty()), number);
      return;
    }
    if (layer.whiteouts()) {
      if (parts.getFirst().startsWith(WHITEOUT_OF_ENGINE) && !parts.getFirst().equals(OPAQUE)) {
        return;
      }
      if (parts.subList(0, parts.size() - 1).stream().anyMatch(p -> p.startsWith(WHITEOUT))) {
        throw refusals.entry(entry.name(), "lies below the mark of a removal", MAKE_AGAIN);
      }
    }
    String name = parts.getLast();
    List<String> directory = parts.subList(0, parts.size() - 1);
    if (layer.whiteouts() && name.startsWith(WHITEOUT)) {
      remove(entry, directory, name);
    } else {
      put(entry, directory, name, reader, keeper);
    }
  }

  private List<String> parts(TarEntry entry) throws TreeRefusedException {
    if (entry.name().isEmpty()) {
      throw refusals.layer("has an entry without a name", MAKE_AGAIN);
    }
    List<String> parts = NodeFinder.parts(entry.name());
    if (parts.contains("..")) {
      throw refusals.entry(
          entry.name(), "leads out of the system by \"..\"", "do not use an archive like this");
    }
    return parts;
  }

  /** A mark takes effect on lower layers only, wherever in its own layer it stands. */
  private void remove(TarEntry entry, List<String> directory, String mark)
      throws TreeRefusedException {
    Optional<Node> parent = directory(entry, directory, (above, name) -> null);
    if (mark.equals(OPAQUE)) {
      parent.ifPresent(node -> node.pruneBelow(number));
      return;
    }
    String name = mark.substring(WHITEOUT.length());
    if (name.isEmpty() || name.equals(".") || name.equals("..")) {
      throw refusals.entry(entry.name(), "marks nothing that can be removed", MAKE_AGAIN);
    }
    if (parent.isEmpty()) {
      return;
    }
    Node removed = parent.get().child(name);
    if (removed != null && !removed.pruneBelow(number) && removed.layer() < number) {
      parent.get().remove(name);
    }
  }

  private void put(
      TarEntry entry, List<String> directory, String name, TarReader reader, ContentKeeper keeper)
      throws IOException, TreeRefusedException {
    Node parent =
        directory(entry, directory, (above, implied) -> imply(entry, above, implied))
            .orElseThrow(() -> new IllegalStateException("the maker makes every directory"));
    requireShort(entry, parent, name);
    @Nullable Node present = parent.child(name);
    Inode inode;
    if (entry.kind() == Kind.HARD_LINK) {
      inode = linked(entry);
    } else {
      if (entry.sparse().isPresent()) {
        requireRoom(entry, entry.sparse().get().size());
        budget.takeBytes(entry.sparse().get().size(), refusals);
      }
      requireRoom(entry, entry.size());
      inode =
          inodes.of(
              entry,
              entry.kind() == Kind.FILE
                  ? Optional.of(keeper.keep(reader, entry))
                  : Optional.empty());
    }
    if (present == null) {
      parent.add(name, inode, number);
      return;
    }
    if (present.layer() == number && !present.is(inode.kind())) {
      throw refusals.entry(
          entry.name(),
          "is there twice, as "
              + present.inode().kind().words()
              + " and as "
              + inode.kind().words(),
          MAKE_AGAIN);
    }
    if (present.is(Kind.DIRECTORY) && inode.kind() == Kind.DIRECTORY) {
      present.become(inode, number);
    } else {
      parent.add(name, inode, number);
    }
  }

  private Inode linked(TarEntry entry) throws TreeRefusedException {
    String target = entry.linkName();
    List<String> parts = NodeFinder.parts(target);
    if (target.startsWith("/") || parts.contains("..") || parts.isEmpty()) {
      throw refusals.entry(
          entry.name(),
          "is a hard link to \"" + Refusals.shown(target) + "\", which lies outside of the system",
          "do not use an archive like this");
    }
    Optional<Node> parent =
        directory(entry, parts.subList(0, parts.size() - 1), (above, name) -> null);
    Optional<Node> found = parent.map(node -> node.child(parts.getLast()));
    if (found.isEmpty()) {
      throw refusals.entry(
          entry.name(),
          "is a hard link to \"" + Refusals.shown(target) + "\", which is not there",
          "a layer is missing, or the archive is damaged: make it again");
    }
    if (found.get().is(Kind.DIRECTORY)) {
      throw refusals.entry(
          entry.name(),
          "is a hard link to the directory \"" + Refusals.shown(target) + "\"",
          MAKE_AGAIN);
    }
    return found.get().inode();
  }

  private Optional<Node> directory(TarEntry entry, List<String> path, NodeFinder.Maker maker)
      throws TreeRefusedException {
    try {
      return finder.directory(path, maker);
    } catch (NoWayException e) {
      throw refusals.entry(entry.name(), "cannot be placed: " + e.getMessage(), MAKE_AGAIN);
    }
  }

  private Node imply(TarEntry entry, Node parent, String name) throws TreeRefusedException {
    budget.takeEntry(refusals);
    budget.takeMetadata(name.length(), refusals);
    requireShort(entry, parent, name);
    return parent.add(name, Inode.impliedDirectory(), number);
  }

  private void requireShort(TarEntry entry, Node parent, String name) throws TreeRefusedException {
    TreeLimits limits = budget.limits();
    if (name.length() > limits.nameBytes()) {
      throw refusals.entry(
          entry.name(),
          "has a name of " + name.length() + " bytes, more than " + limits.nameBytes(),
          "the root file system takes no longer ones: use shorter names");
    }
    int path = parent.pathBytes() + 1 + name.length();
    if (path > limits.pathBytes()) {
      throw refusals.entry(
          entry.name(),
          "has a path of " + path + " bytes, more than " + limits.pathBytes(),
          "Linux opens no longer ones: use shorter names");
    }
  }

  private void requireRoom(TarEntry entry, long bytes) throws TreeRefusedException {
    if (bytes > budget.limits().bytes()) {
      throw refusals.entry(
          entry.name(),
          "says it has "
              + bytes
              + " bytes, more than the "
              + budget.limits().bytes()
              + " of a whole image",
          "do not use an archive like this");
    }
    if (!spool.hasRoomFor(bytes)) {
      throw refusals.entry(
          entry.name(),
          "says it has " + bytes + " bytes, more than the disk has free",
          "free some space, or give another directory with --home");
    }
  }
}
