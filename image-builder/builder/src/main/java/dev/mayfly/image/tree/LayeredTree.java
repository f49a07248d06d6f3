package dev.mayfly.image.tree;

import dev.mayfly.image.tree.TarEntry.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The files that layers make together: their names, owners, modes and links in memory, their
 * contents in the spool directory or where they lie in a layer that is not compressed. Not
 * thread-safe.
 */
public final class LayeredTree implements FileView, AutoCloseable {
  private final Node root = Node.root();
  private final NodeFinder finder;
  private final Spool spool;

  private LayeredTree(Spool spool, TreeLimits limits) {
    this.spool = spool;
    this.finder = new NodeFinder(root, limits.steps());
  }

  /**
   * Applies the layers in their order.
   *
   * @param spool a directory, in which one file is made and kept until {@link #close}; the layers'
   *     files must not change before
   * @throws TreeRefusedException when something in a layer is not taken
   */
  public static LayeredTree of(List<Layer> layers, Path spool)
      throws TreeRefusedException, IOException {
    return of(layers, spool, TreeLimits.STANDARD);
  }

  static LayeredTree of(List<Layer> layers, Path spool, TreeLimits limits)
      throws TreeRefusedException, IOException {
    if (layers.size() > limits.layers()) {
      throw new TreeRefusedException(
          "the image has "
              + layers.size()
              + " layers, more than "
              + limits.layers()
              + "; build it with fewer");
    }
    Budget budget = new Budget(limits);
    LayeredTree tree = new LayeredTree(new Spool(spool), limits);
    boolean whole = false;
    try {
      int number = 0;
      for (Layer layer : layers) {
        new LayerApplication(tree.root, tree.finder, budget, tree.spool, layer, number).run();
        number++;
      }
      whole = true;
      return tree;
    } finally {
      if (!whole) {
        tree.close();
      }
    }
  }

  /**
   * Writes everything as one plain tar archive that GNU tar unpacks: the same bytes for the same
   * tree, every name within the root, no entry behind a symbolic link.
   *
   * @param archive not there yet
   * @return the latest time of modification in it, seconds since 1970
   */
  public long writeTo(Path archive) throws IOException {
    try (TarWriter writer = new TarWriter(archive)) {
      writer.write(root);
      return writer.latestSeconds();
    }
  }

  /** All contents together, a file with several names once. */
  public long bytes() {
    Set<Inode> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    return bytes(root, seen);
  }

  private static long bytes(Node node, Set<Inode> seen) {
    long sum = 0;
    if (seen.add(node.inode())) {
      sum += node.inode().content().map(Content::size).orElse(0L);
    }
    for (Node child : node.children()) {
      sum += bytes(child, seen);
    }
    return sum;
  }

  @Override
  public Optional<byte[]> read(String path, int limit) throws IOException {
    Optional<Content> content = finder.look(path).flatMap(node -> node.inode().content());
    if (content.isEmpty()) {
      return Optional.empty();
    }
    if (content.get().size() > limit) {
      throw new IOException(path + " has " + content.get().size() + " bytes, more than " + limit);
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) content.get().size());
    content.get().read(0, bytes);
    return Optional.of(bytes.array());
  }

  @Override
  public List<String> list(String path) {
    Optional<Node> directory = finder.look(path).filter(node -> node.is(Kind.DIRECTORY));
    List<String> names = new ArrayList<>();
    directory.ifPresent(found -> found.children().forEach(child -> names.add(child.name())));
    return names;
  }

  @Override
  public void close() throws IOException {
    spool.close();
  }
}
