package dev.mayfly.image.tree;

import dev.mayfly.image.tree.TarEntry.Kind;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One name in the tree. Names sort by their bytes. */
final class Node {
  private final String name;
  private final @Nullable Node parent;
  private final int pathBytes;
  private int layer;
  private Inode inode;
  private @Nullable TreeMap<String, Node> children;

  private Node(String name, @Nullable Node parent, int layer, Inode inode) {
    this.name = name;
    this.parent = parent;
    this.pathBytes = parent == null ? 0 : parent.pathBytes + 1 + name.length();
    this.layer = layer;
    this.inode = inode;
  }

  static Node root() {
    return new Node("", null, -1, Inode.impliedDirectory());
  }

  String name() {
    return name;
  }

  /** The root is its own parent. */
  Node parent() {
    return parent == null ? this : parent;
  }

  boolean isRoot() {
    return parent == null;
  }

  /** Of the path from the root, with a slash before each name. */
  int pathBytes() {
    return pathBytes;
  }

  /** The number of the layer that has said last what it is. */
  int layer() {
    return layer;
  }

  Inode inode() {
    return inode;
  }

  boolean is(Kind kind) {
    return inode.kind() == kind;
  }

  void become(Inode other, int inLayer) {
    inode = other;
    layer = inLayer;
  }

  @Nullable Node child(String childName) {
    return children == null ? null : children.get(childName);
  }

  Collection<Node> children() {
    return children == null ? List.of() : children.values();
  }

  Node add(String childName, Inode child, int inLayer) {
    Node added = new Node(childName, this, inLayer, child);
    if (children == null) {
      children = new TreeMap<>();
    }
    children.put(childName, added);
    return added;
  }

  void remove(String childName) {
    if (children != null) {
      children.remove(childName);
    }
  }

  /**
   * Removes what is below it and comes from the layers under this one.
   *
   * @return whether anything is left
   */
  boolean pruneBelow(int current) {
    for (Node child : new ArrayList<>(children())) {
      boolean kept = child.pruneBelow(current) || child.layer >= current;
      if (!kept) {
        remove(child.name);
      }
    }
    return !children().isEmpty();
  }
}
