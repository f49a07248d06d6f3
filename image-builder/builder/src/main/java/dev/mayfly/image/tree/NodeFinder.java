package dev.mayfly.image.tree;

import dev.mayfly.image.tree.TarEntry.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Follows paths from the root, through symbolic links as the kernel would in a process whose root
 * this is: an absolute one begins at the root, and {@code ..} never leaves it.
 */
final class NodeFinder {
  /** As Linux' MAXSYMLINKS. */
  private static final int MAX_FOLLOWED = 40;

  private final Node root;
  private long stepsLeft;

  NodeFinder(Node root, long steps) {
    this.root = root;
    this.stepsLeft = steps;
  }

  /** A path led to nothing that could be used; the message says where. */
  static final class NoWayException extends Exception {
    private static final long serialVersionUID = 1L;

    NoWayException(String message) {
      super(message);
    }
  }

  /** Makes a directory where there is nothing; {@code null} from it: look only. */
  @FunctionalInterface
  interface Maker {
    @Nullable Node make(Node parent, String name) throws TreeRefusedException;
  }

  /** Splits at slashes; drops empty parts and {@code .}. */
  static List<String> parts(String path) {
    List<String> parts = new ArrayList<>();
    for (String part : path.split("/", -1)) {
      if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    return parts;
  }

  /**
   * The directory a path names, following every link.
   *
   * @return empty when something is not there and the maker makes nothing
   * @throws NoWayException when the way leads through something that is no directory, or in circles
   */
  Optional<Node> directory(List<String> path, Maker maker)
      throws NoWayException, TreeRefusedException {
    Optional<Node> found = follow(path, maker);
    if (found.isPresent() && !found.get().is(Kind.DIRECTORY)) {
      throw new NoWayException("\"" + Refusals.shown(found.get().name()) + "\" is no directory");
    }
    return found;
  }

  /** What a path names, following every link, also the last; empty when it is not there. */
  Optional<Node> look(String path) {
    try {
      return follow(parts(path), (parent, name) -> null);
    } catch (NoWayException | TreeRefusedException e) {
      return Optional.empty();
    }
  }

  private Optional<Node> follow(List<String> path, Maker maker)
      throws NoWayException, TreeRefusedException {
    Deque<String> rest = new ArrayDeque<>(path);
    Node at = root;
    int followed = 0;
    while (!rest.isEmpty()) {
      String part = rest.removeFirst();
      if (--stepsLeft < 0) {
        throw new NoWayException("the symbolic links of all entries take too long to follow");
      }
      if (part.equals("..")) {
        at = at.parent();
        continue;
      }
      if (!at.is(Kind.DIRECTORY)) {
        throw new NoWayException("\"" + Refusals.shown(at.name()) + "\" is no directory");
      }
      Node child = at.child(part);
      if (child == null) {
        child = maker.make(at, part);
        if (child == null) {
          return Optional.empty();
        }
      }
      if (child.is(Kind.SYMBOLIC_LINK)) {
        if (++followed > MAX_FOLLOWED) {
          throw new NoWayException("more than " + MAX_FOLLOWED + " symbolic links lead on");
        }
        String target = child.inode().target();
        parts(target).reversed().forEach(rest::addFirst);
        at = target.startsWith("/") ? root : at;
      } else {
        at = child;
      }
    }
    return Optional.of(at);
  }
}
